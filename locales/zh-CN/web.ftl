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

alarms = 告警
alarm = { $kind ->
    [journal_failing] 日志磁盘无法写入。通话不受影响，但若此时崩溃，正在发生的记录会丢失。
    [entries_lost] 有 { $entries } 条日志记录丢失。受影响的通话见控制器日志。
    [store_failing] 数据库无法写入。通话不受影响；尚缺 { $entries } 条记录。
    [store_behind] 数据库落后 { $entries } 条记录，约 { $seconds } 秒。报表不是最新的。
   *[overload] 控制器处理滞后。本页刷新变慢；来电仍照常接入。
}


waiting = 排队中
waiting-unit = 通等待的来电
longest-wait = 最长等待
longest-wait-unit = 分:秒
expected-wait = 预计等待
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
agent-wrap_up = 事后处理

call-arrived = 呼入
call-in_flow = 语音导航
call-waiting = 排队
call-offered = 坐席振铃
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

search = 搜索
search-number = 主叫号码或接入号
began = 开始时间
length = 时长
end = 结束
older = 更早的通话
nothing-found = 没有找到符合条件的通话。
no-stored-calls = 还没有通话记录。通话开始后会保存在这里。
call-answered = 已接听
call-unanswered = 未接听
ended-by-caller = 主叫挂机
ended-by-agent = 坐席挂机
ended-by-system = 系统结束

facts = 基本信息
waited = 等待时长
talked = 通话时长
switch = 交换机
not-stored-yet = 此通话刚刚开始，详细记录稍后显示。
course = 全过程
course-state = { $word }
course-block = 流程节点 { $subject }
course-digit = 按键 { $subject }（{ $word }）
course-queue-entered = 进入队列「{ $subject }」
course-queue-left = 离开队列「{ $subject }」：{ $word }
course-offered = 向 { $subject } 振铃
course-offer-ended = { $subject }：{ $word }
course-leg-answered = { $word }应答
course-leg-ended = { $word }挂断（{ $subject }）
course-recording-started = 开始录音
course-recording-filed = 录音已归档：{ $subject }
course-recording-lost = 录音丢失：{ $subject }
course-failure = 命令失败：{ $subject }
method-rfc4733 = RFC 4733
method-sip_info = SIP INFO
method-unknown = 方式未知
exit-answered = 已接通
exit-abandoned = 主叫放弃
exit-failed = 转出
outcome-accepted = 接听
outcome-no_answer = 无应答
outcome-busy = 忙
outcome-rejected = 拒接
outcome-unreachable = 话机不可达
outcome-caller_left = 主叫已挂机
outcome-withdrawn = 控制器即将停止，振铃已取消
outcome-failed = 失败
leg-caller = 主叫侧
leg-agent = 坐席侧
leg-state-ringing = 振铃
leg-state-answered = 已应答
leg-state-bridged = 已接通
leg-state-ended = 已结束

decisions = 分配原因
no-decisions = 此通话没有分配给坐席。
strategy-longest_idle = 空闲时间最长的坐席，已空闲 { $idle }
trigger-call_entered = 来电进入队列时
trigger-agent_freed = 坐席空闲时
trigger-offer_ended = 上一次振铃未接之后
trigger-reconfigured = 配置更改后
waited-then = 已等待 { $span }
eligible = 可选坐席 { $count } 人
nearest = 其次：
idle = 空闲 { $span }
excluded = 未参与：
comma = 、
exclusion-signed_out = 未签入
exclusion-not_ready = 示忙
exclusion-offered = 振铃中
exclusion-on_call = 通话中
exclusion-wrap_up = 事后处理
exclusion-skill = 技能不符
exclusion-switch_down = 交换机中断
exclusion-resting = 未接后休息
exclusion-other_switch = 在其他交换机
recordings = 录音
no-recordings = 此通话没有录音。
recording-recording = 录音中
recording-finished = 等待归档
recording-filed = 已归档
recording-lost = 已丢失
file = 文件
why = 原因
legs = 通道
role = 角色
channel = 通道标识
cause-normal_clearing = 正常挂机
cause-user_busy = 忙
cause-no_answer = 无应答
cause-rejected = 拒接
cause-unallocated_number = 空号
cause-not_reachable = 无法接通
cause-originator_cancel = 主叫取消
cause-congestion = 线路拥塞
cause-network_failure = 网络故障
cause-timeout = 超时
