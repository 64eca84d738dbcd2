# 网页界面的文字。与 locales/en/web.ftl 逐条对应。

page-live = 实时监控
page-calls = 通话记录
navigation = 主导航
skip-to-content = 跳到正文
language-zh-CN = 中文
language-en = English
theme-switch = 切换深色/浅色
leave = 退出
role-agent = 坐席
role-supervisor = 班长
role-administrator = 管理员

entry-subtitle = 呼叫中心控制台
login = 用户名
password = 密码
enter = 登录

stale = 与服务器的连接已中断，显示的数据可能已过时，正在重新连接……
summary = 总览
links = 交换机连接
link-up = 正常
link-down = 中断

waiting = 排队中
waiting-unit = 通等待的来电
longest-wait = 最长等待
longest-wait-unit = 分:秒
in-conversation = 通话中
in-conversation-unit = 通与坐席通话
agents-ready = 空闲坐席
of-signed-in = 已签入 { $count } 人
answered-today = 今日接通
abandoned-today = 今日放弃
today-unit = 本次启动以来
abandoned-rate = 放弃率 { $percent }%
being-offered = 振铃中

queues = 队列
queue = 队列
no-queues = 还没有配置队列。请在配置文件中添加 [queue] 后重新加载。
live-calls = 当前通话
caller = 主叫
withheld = 号码保密
dialled = 接入号
state = 状态
for = 时长
agent = 坐席
agents = 坐席
no-calls = 现在没有通话。来电会立即显示在这里。
more-calls = 另有 { $count } 通通话未显示
no-agents = 还没有配置坐席。

agent-signed_out = 未签入
agent-ready = 示闲
agent-not_ready = 示忙
agent-offered = 振铃
agent-on_call = 通话
agent-wrap_up = 话后处理

call-arrived = 呼入
call-in_flow = 语音导航
call-waiting = 排队
call-offered = 振铃坐席
call-connected = 通话
call-ended = 已结束

my-state = 我的状态
ask-sign-in = 签入
ask-ready = 示闲
ask-not-ready = 示忙 · { $reason }
ask-sign-out = 签出
reason-break = 小休
reason-meal = 用餐
reason-meeting = 会议

back-to-live = 返回实时监控
problem-signed-out = 请先登录
problem-forbidden = 您的角色不能查看此页面
problem-forged = 请求不是从本站页面发出的，请刷新页面后重试
problem-wrong-credentials = 用户名或密码不正确
problem-locked = 尝试次数过多，请在 { $seconds } 秒后再试
problem-no-such-address = 没有这个页面
problem-no-such-method = 此地址不支持该操作
problem-missing = 没有找到
problem-bad-input = 输入有误
problem-too-large = 提交的内容过大
problem-overloaded = 系统繁忙，请稍后再试
problem-stopped = 控制引擎已停止
problem-links-down = 与交换机的连接已中断
problem-store-away = 数据库暂时无法访问，通话不受影响
problem-store = 数据库出错，详情见控制器日志
problem-internal = 页面出错，详情见控制器日志
