# The texts of the web pages, one for one with locales/zh-CN/web.ftl.

page-live = Live board
page-calls = Calls
navigation = Main navigation
skip-to-content = Skip to content
language-zh-CN = 中文
language-en = English
theme-switch = Light or dark
leave = Sign out
role-agent = Agent
role-supervisor = Supervisor
role-administrator = Administrator

entry-subtitle = Call-centre control
login = Login
password = Password
enter = Sign in

stale = The connection to the server is lost; what you see may be old. Reconnecting…
summary = Summary
links = Links to the switches
link-up = up
link-down = down

waiting = Waiting
waiting-unit = callers in queues
longest-wait = Longest wait
longest-wait-unit = min:s
in-conversation = In conversation
in-conversation-unit = calls with agents
agents-ready = Agents ready
of-signed-in = of { $count } signed in
answered-today = Answered today
abandoned-today = Abandoned today
today-unit = since the last start
abandoned-rate = { $percent } % abandoned
being-offered = Ringing

queues = Queues
queue = Queue
no-queues = There are no queues yet. Add one under [queue] in the configuration.
live-calls = Live calls
caller = Caller
withheld = Withheld
dialled = Dialled
state = State
for = For
agent = Agent
agents = Agents
no-calls = No calls right now. A new call appears here at once.
more-calls = { $count } more calls are not shown
no-agents = There are no agents yet.

agent-signed_out = Signed out
agent-ready = Ready
agent-not_ready = Not ready
agent-offered = Ringing
agent-on_call = On call
agent-wrap_up = Wrap-up

call-arrived = Arrived
call-in_flow = In the IVR
call-waiting = Waiting
call-offered = Ringing an agent
call-connected = Connected
call-ended = Ended

my-state = My state
ask-sign-in = Sign in
ask-ready = Ready
ask-not-ready = Not ready · { $reason }
ask-sign-out = Sign out
reason-break = break
reason-meal = meal
reason-meeting = meeting

back-to-live = Back to the live board
problem-signed-out = Please sign in
problem-forbidden = Your role may not see this page
problem-forged = The request did not come from one of our pages. Load the page again.
problem-wrong-credentials = The login or the password is wrong
problem-locked = Too many attempts. Try again in { $seconds } s.
problem-no-such-address = There is no such page
problem-no-such-method = This address does not do that
problem-missing = Not found
problem-bad-input = Something in the input is wrong
problem-too-large = That was too much at once
problem-overloaded = The system is busy, try again in a moment
problem-stopped = The control engine has stopped
problem-links-down = The link to the switch is down
problem-store-away = The database cannot be reached; calls are not affected
problem-store = The database reported an error; the controller's log has the details
problem-internal = The page failed; the controller's log has the details
