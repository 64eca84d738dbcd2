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

alarms = Alarms
alarm = { $kind ->
    [journal_failing] The journal's disk cannot be written. Calls go on; what happens now is lost in a crash.
    [entries_lost] { $entries } entries of the journal are lost. The controller's log names the calls.
    [store_failing] The store cannot be written. Calls go on; it lacks { $entries } entries.
    [store_behind] The store is behind by { $entries } entries, { $seconds } s. Reports are not up to date.
   *[overload] The controller is behind. This page is refreshed rarely; calls are still taken.
}


waiting = Waiting
waiting-unit = callers in queues
longest-wait = Longest wait
longest-wait-unit = min:s
expected-wait = Expected wait
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

search = Search
search-number = Number of caller or dialled
began = Began
length = Length
end = End
older = Older calls
nothing-found = No call fits.
no-stored-calls = There are no calls yet. They are kept here once they begin.
call-answered = Answered
call-unanswered = Unanswered
ended-by-caller = Caller hung up
ended-by-agent = Agent hung up
ended-by-system = Ended by the system

facts = Facts
waited = Waited
talked = Talked
switch = Switch
not-stored-yet = This call has just begun; its record follows shortly.
course = Course
course-state = { $word }
course-block = Flow block { $subject }
course-digit = Key { $subject } ({ $word })
course-queue-entered = Entered the queue “{ $subject }”
course-queue-left = Left the queue “{ $subject }”: { $word }
course-offered = { $subject } is rung
course-offer-ended = { $subject }: { $word }
course-leg-answered = { $word } answered
course-leg-ended = { $word } hung up ({ $subject })
course-recording-started = Recording began
course-recording-filed = Recording filed: { $subject }
course-recording-lost = Recording lost: { $subject }
course-failure = A command failed: { $subject }
method-rfc4733 = RFC 4733
method-sip_info = SIP INFO
method-unknown = way unknown
exit-answered = answered
exit-abandoned = the caller hung up
exit-failed = left the controller
outcome-accepted = accepted
outcome-no_answer = no answer
outcome-busy = busy
outcome-rejected = rejected
outcome-unreachable = device not reachable
outcome-caller_left = the caller had left
outcome-withdrawn = called off, the controller was about to leave
outcome-failed = failed
leg-caller = Caller
leg-agent = Agent
leg-state-ringing = ringing
leg-state-answered = answered
leg-state-bridged = connected
leg-state-ended = ended

decisions = Why this agent
no-decisions = This call was not offered to an agent.
strategy-longest_idle = The agent idle for longest: { $idle }
trigger-call_entered = When the call entered the queue
trigger-agent_freed = When an agent became free
trigger-offer_ended = After the offer before went unanswered
trigger-reconfigured = After a change of the settings
waited-then = had waited { $span }
eligible = { $count } agents could take it
nearest = Next best:
idle = idle { $span }
excluded = Not considered:
comma = ,{" "}
exclusion-signed_out = signed out
exclusion-not_ready = not ready
exclusion-offered = ringing
exclusion-on_call = on a call
exclusion-wrap_up = in wrap-up
exclusion-skill = lacks the skill
exclusion-switch_down = switch down
exclusion-resting = resting after a missed call
exclusion-other_switch = on another switch
recordings = Recordings
no-recordings = This call has no recording.
recording-recording = recording
recording-finished = to be filed
recording-filed = filed
recording-lost = lost
file = File
why = Why
legs = Legs
role = Role
channel = Channel
cause-normal_clearing = normal clearing
cause-user_busy = busy
cause-no_answer = no answer
cause-rejected = rejected
cause-unallocated_number = number not in service
cause-not_reachable = not reachable
cause-originator_cancel = cancelled by the caller
cause-congestion = congestion
cause-network_failure = network failure
cause-timeout = time-out
