use super::*;
use crate::engine::cause::Cause;
use crate::engine::message::{Message, MessageState};
use crate::engine::recording::FiledRecording;
use crate::engine::request::MessageRequest;

/// A flow that asks for a message for `to`, and says goodbye.
fn asks_for(to: &str) -> Play {
    Play::with(|centre| {
        let flow = format!(
            r#"{{"name":"desk","start":"in","blocks":{{
            "in":{{"kind":"answer","next":"mail"}},
            "mail":{{"kind":"voicemail","to":"{to}","prompt":"nobody-here","max_s":60,"next":"thanks"}},
            "thanks":{{"kind":"play","prompts":["thanks"],"next":"bye"}},
            "bye":{{"kind":"hang_up"}}}}}}"#
        );
        let flow = std::sync::Arc::new(serde_json::from_str(&flow).unwrap());
        centre.flows.insert("desk".parse().unwrap(), flow);
    })
}

/// A queue `desk` that leads callers to its mailbox when nobody is signed in.
fn overflows() -> Play {
    Play::with(|centre| {
        queue(centre, "desk").overflow = vec![OverflowRule {
            when: OverflowWhen::NobodySignedIn,
            to: OverflowTo::Voicemail(None),
        }];
    })
}

impl Play {
    /// What is played last comes to its end.
    fn heard(&mut self) {
        let played = self
            .orders
            .iter()
            .rev()
            .find_map(|order| match &order.command {
                SwitchCommand::Play { channel, .. } => Some((order.id, channel.clone())),
                _ => None,
            });
        let (playback, channel) = played.expect("something is played");
        self.on_switch(SwitchEvent::PlaybackFinished { channel, playback });
    }

    /// The name of the message that is being recorded.
    fn message_recording(&self) -> CommandId {
        let asked = self.facts.iter().rev().find_map(|fact| match fact {
            Fact::RecordingAsked { recording, .. } => Some(*recording),
            _ => None,
        });
        asked.expect("a message is recorded")
    }

    fn recorded(&mut self, recording: CommandId) {
        self.on_switch(SwitchEvent::RecordingFinished {
            recording,
            media: RecordedMedia::Mono {
                file: "message.wav".into(),
            },
        });
    }

    fn filed(&mut self, recording: CommandId, heard_ms: u64) {
        let filed = FiledRecording {
            name: "message.wav".into(),
            length_ms: heard_ms + 5_000,
            heard_ms: Some(heard_ms),
            bytes: 1_000,
            sha256: "0".repeat(64),
        };
        self.event(Event::RecordingFiled { recording, filed });
    }

    /// A caller on `c1` has left a message; gives it.
    fn left(&mut self) -> Message {
        self.arrives("c1", "4001");
        self.answered("c1");
        self.heard();
        let recording = self.message_recording();
        self.hangs_up("c1", Cause::NormalClearing);
        self.recorded(recording);
        self.filed(recording, 4_000);
        self.accept_orders();
        self.told();
        self.message().clone()
    }

    fn message(&self) -> &Message {
        self.engine.messages.iter().next().expect("a message")
    }

    fn asks_of_message(&mut self, by: &str, ask: MessageRequest) -> Result<(), Refusal> {
        let message = self.message().id;
        let by = match by {
            "admin" => Principal::User(OutsideText::new("admin")),
            agent => Principal::Agent(agent.parse().unwrap()),
        };
        self.request(by, Request::Message { message, ask })
    }
}

#[test]
fn a_message_ends_by_the_key_and_the_flow_goes_on() {
    let mut play = asks_for("queue:desk");
    play.arrives("c1", "4001");
    play.answered("c1");
    play.heard();
    play.pass(Span::seconds(8));
    play.key("c1", '5');
    play.key("c1", '#');
    let recording = play.message_recording();
    play.recorded(recording);
    play.filed(recording, 6_000);
    insta::assert_snapshot!(play.told(), @r#"
    0      call arrived
    0      call in_flow
    0      > answer c1
    0      call voicemail
    0      message for queue:desk
    0      > play nobody-here, tone to c1
    0      > record a message of c1
    8000   > stop recording c1
    8000   > file the recording
    8000   call in_flow
    8000   > play thanks to c1
    8000   recorded message.wav
    8000   message left in queue:desk, 11000 ms
    8000   > lamp anna 1/0
    8000   > lamp bert 1/0
    8000   > lamp carl 1/0
    "#);
}

#[test]
fn the_key_before_the_tone_leads_to_the_tone() {
    let mut play = asks_for("agent:anna");
    play.arrives("c1", "4001");
    play.answered("c1");
    play.told();
    play.key("c1", '#');
    play.heard();
    insta::assert_snapshot!(play.told(), @r#"
    0      > play tone to c1
    0      > record a message of c1
    "#);
}

#[test]
fn who_hangs_up_in_the_middle_has_left_a_message() {
    let mut play = asks_for("queue:desk");
    play.arrives("c1", "4001");
    play.answered("c1");
    play.heard();
    play.told();
    let recording = play.message_recording();
    play.pass(Span::seconds(4));
    play.hangs_up("c1", Cause::NormalClearing);
    play.recorded(recording);
    play.filed(recording, 4_000);
    insta::assert_snapshot!(play.told(), @r#"
    4000   call ended
    4000   call ended with normal_clearing by Caller
    4000   > file the recording
    4000   recorded message.wav
    4000   message left in queue:desk, 9000 ms
    4000   > lamp anna 1/0
    4000   > lamp bert 1/0
    4000   > lamp carl 1/0
    "#);
}

#[test]
fn next_to_nothing_is_no_message() {
    let mut play = overflows();
    play.arrives("c1", "4001");
    play.answered("c1");
    play.key("c1", '1');
    play.heard();
    play.told();
    let recording = play.message_recording();
    play.recorded(recording);
    play.filed(recording, 1_900);
    let told = play.told();
    assert!(
        told.ends_with("no message for queue:desk: too_short"),
        "{told}"
    );
    assert!(play.engine.messages.is_empty());
}

#[test]
fn a_queue_without_agents_takes_a_message() {
    let mut play = overflows();
    play.arrives("c1", "4001");
    play.answered("c1");
    play.told();
    play.key("c1", '1');
    play.heard();
    let recording = play.message_recording();
    play.recorded(recording);
    play.filed(recording, 3_000);
    insta::assert_snapshot!(play.told(), @r#"
    0      > silence c1
    0      overflow of desk: NobodySignedIn to Voicemail(None)
    0      call voicemail
    0      message for queue:desk
    0      > play leave-a-message, tone to c1
    0      > record a message of c1
    0      > file the recording
    0      > hang up c1 with normal_clearing
    0      recorded message.wav
    0      message left in queue:desk, 8000 ms
    0      > lamp anna 1/0
    0      > lamp bert 1/0
    0      > lamp carl 1/0
    "#);
}

#[test]
fn a_message_whose_end_is_not_told_is_looked_for() {
    let mut play = asks_for("queue:desk");
    play.arrives("c1", "4001");
    play.answered("c1");
    play.heard();
    play.told();
    play.pass(Span::seconds(70));
    insta::assert_snapshot!(play.told(), @r#"
    70000  overdue: message
    70000  call in_flow
    70000  > play thanks to c1
    "#);
    let recording = play.message_recording();
    play.pass(Span::seconds(30));
    play.recorded(recording);
    play.filed(recording, 9_000);
    assert!(!play.engine.messages.is_empty());
}

#[test]
fn a_full_mailbox_asks_for_no_message() {
    let mut play = asks_for("queue:desk");
    play.left();
    let mut changed = play.engine.centre.clone().unwrap();
    changed.voicemail.max_messages = 1;
    play.event(Event::Configured {
        centre: Box::new(changed),
    });
    play.told();
    play.arrives("c2", "4001");
    play.answered("c2");
    insta::assert_snapshot!(play.told(), @r#"
    0      call arrived
    0      call in_flow
    0      > answer c2
    0      call voicemail
    0      message for queue:desk
    0      no message for queue:desk: mailbox_full
    0      call in_flow
    0      > play thanks to c2
    "#);
}

#[test]
fn a_message_is_taken_and_handled_and_the_lamps_follow() {
    let mut play = asks_for("queue:desk");
    play.arrives("c1", "4001");
    play.answered("c1");
    play.heard();
    let recording = play.message_recording();
    play.hangs_up("c1", Cause::NormalClearing);
    play.recorded(recording);
    play.told();
    play.filed(recording, 4_000);
    insta::assert_snapshot!(play.told(), @r#"
    0      recorded message.wav
    0      message left in queue:desk, 9000 ms
    0      > lamp anna 1/0
    0      > lamp bert 1/0
    0      > lamp carl 1/0
    "#);
    assert_eq!(play.asks_of_message("anna", MessageRequest::Take), Ok(()));
    let other = play.asks_of_message("bert", MessageRequest::Take);
    assert_eq!(other, Err(Refusal::MessageTaken));
    let other = play.asks_of_message("bert", MessageRequest::Release);
    assert_eq!(other, Err(Refusal::MessageTaken));
    assert_eq!(
        play.asks_of_message("anna", MessageRequest::Release),
        Ok(())
    );
    assert_eq!(play.asks_of_message("bert", MessageRequest::Take), Ok(()));
    // carl supervises the group of both.
    let note = OutsideText::new("called them back");
    let handled = MessageRequest::Handled { note };
    assert_eq!(play.asks_of_message("carl", handled.clone()), Ok(()));
    let again = play.asks_of_message("bert", handled);
    assert_eq!(again, Err(Refusal::MessageHandled));
    let delete = play.asks_of_message("bert", MessageRequest::Delete);
    assert_eq!(delete, Err(Refusal::NotPermitted));
    assert_eq!(
        play.asks_of_message("admin", MessageRequest::Delete),
        Ok(())
    );
    insta::assert_snapshot!(play.told(), @r#"
    0      message taken by anna
    0      > lamp anna 0/1
    0      > lamp bert 0/1
    0      > lamp carl 0/1
    0      anna asks: take_message
    0      bert asks: take_message, refused: somebody else has taken this message
    0      bert asks: release_message, refused: somebody else has taken this message
    0      message new by anna
    0      > lamp anna 1/0
    0      > lamp bert 1/0
    0      > lamp carl 1/0
    0      anna asks: release_message
    0      message taken by bert
    0      > lamp anna 0/1
    0      > lamp bert 0/1
    0      > lamp carl 0/1
    0      bert asks: take_message
    0      message handled by carl
    0      > lamp anna 0/0
    0      > lamp bert 0/0
    0      > lamp carl 0/0
    0      carl asks: message_handled
    0      bert asks: message_handled, refused: this message is handled already
    0      bert asks: delete_message, refused: you do not supervise that agent's group: see supervises in the agent's section
    0      message deleted by admin
    0      admin asks: delete_message
    "#);
}

#[test]
fn nobody_looks_into_the_mailbox_of_another() {
    let mut play = asks_for("agent:anna");
    let message = play.left();
    assert_eq!(message.mailbox.to_string(), "agent:anna");
    let bert = play.asks_of_message("bert", MessageRequest::Take);
    assert_eq!(bert, Err(Refusal::NotYourMailbox));
    assert_eq!(play.asks_of_message("anna", MessageRequest::Delete), Ok(()));
}

#[test]
fn who_calls_back_takes_the_message() {
    let mut play = asks_for("queue:desk");
    play.left();
    play.ready("anna");
    play.accept_orders();
    play.told();
    assert_eq!(
        play.asks_of_message("anna", MessageRequest::CallBack),
        Ok(())
    );
    insta::assert_snapshot!(play.told(), @r#"
    0      call arrived
    0      call transferring
    0      > ring anna
    0      anna offered
    0      message taken by anna
    0      > lamp anna 0/1
    0      > lamp bert 0/1
    0      > lamp carl 0/1
    0      anna asks: call_back
    "#);
    let anna = Principal::Agent("anna".parse().unwrap());
    assert_eq!(play.message().state, MessageState::Taken { by: anna });
    let admin = play.asks_of_message("admin", MessageRequest::CallBack);
    assert_eq!(admin, Err(Refusal::NoDevice));
}

/// How far calls back to who left messages came, in order.
fn called_back(play: &Play) -> Vec<(&'static str, String)> {
    let called = play.all.iter().filter_map(|(_, fact)| match fact {
        Fact::MessageCalled { by, came, .. } => Some((came.word(), by.to_string())),
        _ => None,
    });
    called.collect()
}

#[test]
fn what_came_of_calling_back_is_kept_with_the_message() {
    let anna = || "anna".to_owned();
    let mut play = asks_for("queue:desk");
    play.left();
    play.ready("anna");
    let asked = play.asks_of_message("anna", MessageRequest::CallBack);
    assert_eq!(asked, Ok(()));
    let device = play.rung_last();
    play.answered(&device);
    let customer = play.party();
    play.hangs_up(&customer, Cause::UserBusy);
    play.hangs_up(&device, Cause::NormalClearing);
    assert_eq!(
        called_back(&play),
        [("dialling", anna()), ("unreached", anna())]
    );
    play.agent("anna", AgentRequest::Ready);
    // The next run knows whose message it is that is being called for.
    let asked = play.asks_of_message("anna", MessageRequest::CallBack);
    assert_eq!(asked, Ok(()));
    let device = play.rung_last();
    play.answered(&device);
    let customer = play.party();
    let legs = vec![
        shown(&device, ChannelState::Answered, None),
        shown(&customer, ChannelState::Ringing, None),
    ];
    play.killed(legs);
    play.answered(&customer);
    play.bridged(&device, &customer);
    assert_eq!(
        called_back(&play)[2..],
        [("dialling", anna()), ("reached", anna())]
    );
}

#[test]
fn a_supervisor_gives_a_message_to_one_who_looks_into_its_mailbox() {
    let mut play = asks_for("queue:desk");
    play.left();
    let to = |agent: &str| MessageRequest::Assign {
        agent: agent.parse().unwrap(),
    };
    let asked = play.asks_of_message("bert", to("anna"));
    assert_eq!(asked, Err(Refusal::NotPermitted));
    assert_eq!(play.asks_of_message("carl", to("anna")), Ok(()));
    assert_eq!(play.asks_of_message("admin", to("bert")), Ok(()));
    let bert = Principal::Agent("bert".parse().unwrap());
    assert_eq!(play.message().state, MessageState::Taken { by: bert });
    let asked = play.asks_of_message("anna", MessageRequest::Take);
    assert_eq!(asked, Err(Refusal::MessageTaken));
    let nobody = play.asks_of_message("admin", to("dora"));
    assert_eq!(nobody, Err(Refusal::NoSuchAgent));
    let handled = MessageRequest::Handled {
        note: OutsideText::default(),
    };
    assert_eq!(play.asks_of_message("bert", handled), Ok(()));
    let late = play.asks_of_message("carl", to("anna"));
    assert_eq!(late, Err(Refusal::MessageHandled));
}

#[test]
fn lamps_are_set_again_when_the_switch_comes_back() {
    let mut play = asks_for("group:desk");
    play.left();
    play.on_switch(SwitchEvent::LinkLost {
        why: OutsideText::default(),
    });
    let note = OutsideText::default();
    let handled = MessageRequest::Handled { note };
    assert_eq!(play.asks_of_message("anna", handled), Ok(()));
    play.told();
    play.on_switch(SwitchEvent::Snapshot(Snapshot::default()));
    insta::assert_snapshot!(play.told(), @r#"
    0      link sw up
    0      > lamp anna 0/0
    0      > lamp bert 0/0
    0      > lamp carl 0/0
    0      reconciled: 0 adopted, 0 closed
    "#);
}

/// The next run begins with the same settings, and what the facts keep of this one.
fn restarted(play: &Play) -> (Engine, crate::engine::memory::Memory) {
    let mut memory = crate::engine::memory::Memory::default();
    for (at, fact) in &play.all {
        memory.apply(*at, fact);
    }
    let kept = serde_json::to_string(&memory).unwrap();
    let kept: crate::engine::memory::Memory = serde_json::from_str(&kept).unwrap();
    assert_eq!(kept, memory);
    let mut heir = Engine::new();
    let centre = Box::new(play.engine.centre.clone().unwrap());
    let remembered = kept.remembered();
    let mut out = Commands::default();
    for event in [
        Event::Started { seed: 8 },
        Event::Configured { centre },
        Event::Remembered { remembered },
    ] {
        heir.handle(play.at, event, &mut out);
        heir.assert_consistent();
    }
    (heir, kept)
}

/// What matters of messages in an engine.
fn essence(engine: &Engine) -> String {
    let calls = engine.calls.iter().map(|(id, call)| {
        let overdue = engine
            .timers
            .get(&crate::engine::timer::Reason::MessageOverdue(*id));
        format!(
            "{id} {:?} {:?} {:?} {:?} {overdue:?}",
            call.state, call.leaving, call.diverted, call.rules_tried
        )
    });
    let calls: Vec<String> = calls.collect();
    format!(
        "{calls:?} {:?} {:?} {:?}",
        engine.messages,
        engine.lamps,
        engine.recordings.keys()
    )
}

/// A copy of the controller crashes after each step and knows what the old one knew.
fn crash(play: &Play) -> Engine {
    let (heir, _) = restarted(play);
    assert_eq!(
        essence(&heir),
        essence(&play.engine),
        "{:?}",
        play.transcript
    );
    heir
}

#[test]
fn a_crash_at_every_step_of_a_message_loses_nothing() {
    let mut play = asks_for("queue:desk");
    play.arrives("c1", "4001");
    play.answered("c1");
    play.accepts = false;
    crash(&play);
    play.heard();
    let recording = play.message_recording();
    crash(&play);
    play.pass(Span::seconds(4));
    play.on_switch(SwitchEvent::RecordingStarted { recording });
    let mut heir = crash(&play);
    // The new run finds the caller still speaking, and lets them.
    let mut out = Commands::default();
    let leg = up("c1", None);
    let legs = vec![leg];
    let snapshot = SwitchEvent::Snapshot(Snapshot {
        legs,
        ..Snapshot::default()
    });
    let switch: SwitchId = SWITCH.parse().unwrap();
    let event = Event::Switch {
        switch: switch.clone(),
        event: snapshot,
    };
    heir.handle(play.at, event, &mut out);
    heir.assert_consistent();
    let orders: Vec<String> = out.drain().filter_map(|c| describe(&c)).collect();
    assert!(
        !orders.iter().any(|line| line.contains("play")),
        "{orders:?}"
    );
    // It hears the end, files the message, and sees the caller off.
    let event = SwitchEvent::RecordingFinished {
        recording,
        media: RecordedMedia::Mono {
            file: "message.wav".into(),
        },
    };
    heir.handle(play.at, Event::Switch { switch, event }, &mut out);
    heir.assert_consistent();
    let orders: Vec<String> = out.drain().filter_map(|c| describe(&c)).collect();
    assert!(
        orders.contains(&"> file the recording".to_owned()),
        "{orders:?}"
    );
    assert!(
        orders.contains(&"> play thanks to c1".to_owned()),
        "{orders:?}"
    );

    play.recorded(recording);
    crash(&play);
    play.hangs_up("c1", Cause::NormalClearing);
    crash(&play);
    play.filed(recording, 4_000);
    crash(&play);
    assert_eq!(play.asks_of_message("anna", MessageRequest::Take), Ok(()));
    crash(&play);
    let note = OutsideText::new("done");
    let handled = MessageRequest::Handled { note };
    assert_eq!(play.asks_of_message("anna", handled), Ok(()));
    crash(&play);
    assert_eq!(
        play.asks_of_message("admin", MessageRequest::Delete),
        Ok(())
    );
    crash(&play);
}

#[test]
fn a_caller_who_was_being_greeted_is_greeted_again_by_the_next_run() {
    let mut play = overflows();
    play.queues_up("c1");
    let (mut heir, _) = restarted(&play);
    let mut out = Commands::default();
    let legs = vec![up("c1", None)];
    let event = SwitchEvent::Snapshot(Snapshot {
        legs,
        ..Snapshot::default()
    });
    let switch = SWITCH.parse().unwrap();
    heir.handle(play.at, Event::Switch { switch, event }, &mut out);
    heir.assert_consistent();
    let orders: Vec<String> = out.drain().filter_map(|c| describe(&c)).collect();
    let greets = "> play leave-a-message, tone to c1".to_owned();
    assert!(orders.contains(&greets), "{orders:?}");
}

#[test]
fn a_caller_who_hangs_up_at_the_end_of_a_message_was_not_to_be_hung_up_on() {
    let mut play = overflows();
    play.arrives("c1", "4001");
    play.answered("c1");
    play.key("c1", '1');
    play.heard();
    let recording = play.message_recording();
    play.recorded(recording);
    let order = play.orders.last().expect("the call is ended");
    assert!(matches!(order.command, SwitchCommand::HangUp { .. }));
    let command = order.id;
    play.event(Event::Completed {
        command,
        outcome: Outcome::Failed {
            why: Failure::NoSuchChannel,
            detail: OutsideText::new("Channel not found"),
        },
    });
    let failed = |fact: &Fact| matches!(fact, Fact::CommandFailed { .. });
    assert!(!play.facts.iter().any(failed));
    assert!(play.engine.calls.is_empty());
}
