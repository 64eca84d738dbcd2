//! Legs in a call are parted, brought together otherwise, listened to and
//! recorded on the real Asterisk, and who hears whom is measured with tones.

mod support;

use support::audio::{ECHO_MS, Voice, is_whole, lag, share_of};
use support::phone::Agent;
use support::scene::{
    AGENT_HZ, CALLER_HZ, MUSIC_HZ, OTHER_HZ, PATIENT, Scene, attach, find, has_tone, hears,
};
use support::switch::DEADLINE;
use support::tracks;
use switchyard::engine::cause::Cause;
use switchyard::engine::text::OutsideText;
use switchyard::engine::time::Span;
use switchyard::switch::{
    Extension, Failure, Key, Outcome, PhoneNumber, RecordedMedia, SupervisionMode, SwitchCommand,
    SwitchEvent, Target,
};
use tokio::net::UdpSocket;

#[tokio::test]
async fn two_legs_are_parted_one_hears_music_and_they_talk_again() {
    let Some(mut scene) = Scene::set().await else {
        return;
    };
    let (caller, channel) = scene.caller(Voice::Bursts { hz: CALLER_HZ }).await;
    let (agent, peer) = scene.device(PATIENT, 1001, Voice::Echo).await;
    scene.bridge(&channel, &peer).await;
    let recording = scene.record(&channel, &peer).await;
    let begun = switchyard::clock::now();
    let since = caller.line.mark();
    caller
        .line
        .hears_tone(CALLER_HZ, since, DEADLINE)
        .await
        .unwrap();

    let unbridged = SwitchEvent::Unbridged {
        channel: channel.clone(),
        peer: peer.clone(),
    };
    for _ in 0..2 {
        let part = SwitchCommand::Part {
            channel: channel.clone(),
            peer: peer.clone(),
        };
        scene.driver.tell(part.clone()).await;
        scene.driver.expect(unbridged.clone()).await;
        scene.music(&channel).await;
        let silent_since = agent.line.mark();
        hears(&caller.line, &[MUSIC_HZ], &[CALLER_HZ]).await;
        caller
            .line
            .listens(caller.line.mark(), 1_500, DEADLINE)
            .await;
        assert!(!has_tone(&agent.line, silent_since + 800, CALLER_HZ));
        let again = scene.driver.order(part).await;
        let outcome = scene.driver.outcome(again).await;
        let Outcome::Failed { why, .. } = outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!(why, Failure::WrongState);

        scene.bridge(&channel, &peer).await;
        let since = (caller.line.mark(), agent.line.mark());
        agent
            .line
            .hears_tone(CALLER_HZ, since.1, DEADLINE)
            .await
            .unwrap();
        caller
            .line
            .hears_tone(CALLER_HZ, since.0, DEADLINE)
            .await
            .unwrap();
    }
    caller
        .line
        .listens(caller.line.mark(), 3_000, DEADLINE)
        .await;
    assert_eq!(scene.count(|event| *event == unbridged), 2);

    let lasted = switchyard::clock::now().since(begun);
    let media = scene.stop_recording(&channel, recording).await;
    let RecordedMedia::Pair { agent_lag, .. } = &media else {
        panic!("{media:?} is not a pair");
    };
    let tracks = tracks::fetch(&scene.driver, &media).await;
    eprintln!(
        "tracks of {} and {} ms, begun {} ms apart",
        tracks[0].len() / 8,
        tracks[1].len() / 8,
        agent_lag.0
    );
    let last = tracks[0].len().min(tracks[1].len()).saturating_sub(20_000);
    let (measured, likeness) = lag(&tracks[0][last..], &tracks[1][last..], 1_500);
    let apart = measured + agent_lag.0;
    eprintln!("after two holds the echo lags {apart} ms, likeness {likeness:.2}");
    let shorter = tracks[0].len().min(tracks[1].len()) as i64 / 8;
    if is_whole(shorter, lasted.as_millis() as i64) {
        assert!(
            ECHO_MS.contains(&apart),
            "after two holds the echo lags {apart} ms"
        );
    }
    scene.hang_up(&[&channel, &peer]).await;
    scene.clears().await;
}

#[tokio::test]
async fn a_caller_is_transferred_after_a_consultation() {
    let Some(mut scene) = Scene::set().await else {
        return;
    };
    let (caller, channel) = scene.caller(Voice::Tone { hz: CALLER_HZ }).await;
    let (agent, one) = scene
        .device(PATIENT, 1001, Voice::Tone { hz: AGENT_HZ })
        .await;
    scene.bridge(&channel, &one).await;
    hears(&caller.line, &[AGENT_HZ], &[]).await;
    let (other, two) = scene
        .device(PATIENT, 1002, Voice::Tone { hz: OTHER_HZ })
        .await;

    // The consultation leaves the caller alone, alive and in silence.
    scene.bridge(&one, &two).await;
    let left = SwitchEvent::Unbridged {
        channel: channel.clone(),
        peer: one.clone(),
    };
    assert_eq!(scene.count(|event| *event == left), 1);
    scene.music(&channel).await;
    hears(&caller.line, &[MUSIC_HZ], &[AGENT_HZ, OTHER_HZ]).await;
    hears(&agent.line, &[OTHER_HZ], &[CALLER_HZ]).await;
    hears(&other.line, &[AGENT_HZ], &[CALLER_HZ]).await;
    let listed = scene.list().await;
    assert_eq!(find(&listed, &channel).peer, None);
    assert_eq!(find(&listed, &one).peer.as_ref(), Some(&two));

    scene.bridge(&channel, &two).await;
    let left = SwitchEvent::Unbridged {
        channel: one.clone(),
        peer: two.clone(),
    };
    assert_eq!(scene.count(|event| *event == left), 1);
    let since = agent.line.mark();
    hears(&caller.line, &[OTHER_HZ], &[AGENT_HZ, MUSIC_HZ]).await;
    hears(&other.line, &[CALLER_HZ], &[AGENT_HZ]).await;
    assert!(!has_tone(&agent.line, since + 800, OTHER_HZ));
    scene.hang_up(&[&one]).await;
    hears(&caller.line, &[OTHER_HZ], &[]).await;
    scene.hang_up(&[&channel, &two]).await;
    scene.clears().await;
}

#[tokio::test]
async fn three_talk_in_a_conference_and_one_leaves() {
    let Some(mut scene) = Scene::set().await else {
        return;
    };
    let (caller, channel) = scene.caller(Voice::Tone { hz: CALLER_HZ }).await;
    let (agent, one) = scene
        .device(PATIENT, 1001, Voice::Tone { hz: AGENT_HZ })
        .await;
    let (other, two) = scene
        .device(PATIENT, 1002, Voice::Tone { hz: OTHER_HZ })
        .await;
    scene.bridge(&channel, &one).await;
    scene.join(&channel).await;
    let unbridged = |event: &SwitchEvent| matches!(event, SwitchEvent::Unbridged { .. });
    assert_eq!(scene.count(unbridged), 1);
    scene.join(&one).await;
    scene.join(&two).await;
    hears(&caller.line, &[AGENT_HZ, OTHER_HZ], &[CALLER_HZ]).await;
    hears(&agent.line, &[CALLER_HZ, OTHER_HZ], &[AGENT_HZ]).await;
    hears(&other.line, &[CALLER_HZ, AGENT_HZ], &[OTHER_HZ]).await;
    let conference = scene.driver.call;
    let listed = scene.list().await;
    for leg in [&channel, &one, &two] {
        let live = find(&listed, leg);
        assert_eq!((live.conference, &live.peer), (Some(conference), &None));
    }

    scene.leave(&one).await;
    scene.music(&one).await;
    hears(&agent.line, &[MUSIC_HZ], &[CALLER_HZ, OTHER_HZ]).await;
    hears(&caller.line, &[OTHER_HZ], &[AGENT_HZ]).await;
    hears(&other.line, &[CALLER_HZ], &[AGENT_HZ]).await;

    scene.hang_up(&[&two]).await;
    let left = SwitchEvent::Left {
        channel: two.clone(),
        conference,
    };
    assert_eq!(scene.count(|event| *event == left), 1);
    // The last one leaves and the conference with it; the next who joins makes it anew.
    scene.leave(&channel).await;
    scene.join(&one).await;
    scene.join(&channel).await;
    hears(&caller.line, &[AGENT_HZ], &[]).await;
    scene.hang_up(&[&channel, &one]).await;
    scene.clears().await;
}

#[tokio::test]
async fn a_supervisor_listens_whispers_and_barges_in() {
    let Some(mut scene) = Scene::set().await else {
        return;
    };
    let (caller, channel) = scene.caller(Voice::Tone { hz: CALLER_HZ }).await;
    let (agent, one) = scene
        .device(PATIENT, 1001, Voice::Tone { hz: AGENT_HZ })
        .await;
    let (boss, two) = scene
        .device(PATIENT, 1002, Voice::Tone { hz: OTHER_HZ })
        .await;
    scene.bridge(&channel, &one).await;

    let recording = scene.record(&channel, &one).await;
    scene.supervise(&two, &one, SupervisionMode::Listen).await;
    hears(&boss.line, &[CALLER_HZ, AGENT_HZ], &[OTHER_HZ]).await;
    hears(&agent.line, &[CALLER_HZ], &[OTHER_HZ]).await;
    hears(&caller.line, &[AGENT_HZ], &[OTHER_HZ]).await;

    scene.supervise(&two, &one, SupervisionMode::Whisper).await;
    hears(&boss.line, &[CALLER_HZ, AGENT_HZ], &[OTHER_HZ]).await;
    hears(&agent.line, &[CALLER_HZ, OTHER_HZ], &[]).await;
    hears(&caller.line, &[AGENT_HZ], &[OTHER_HZ]).await;

    scene.supervise(&two, &one, SupervisionMode::Barge).await;
    hears(&boss.line, &[CALLER_HZ, AGENT_HZ], &[OTHER_HZ]).await;
    hears(&agent.line, &[CALLER_HZ, OTHER_HZ], &[]).await;
    hears(&caller.line, &[AGENT_HZ, OTHER_HZ], &[]).await;

    // Each track holds what its party says, and nobody else.
    let media = scene.stop_recording(&channel, recording).await;
    let tracks = tracks::fetch(&scene.driver, &media).await;
    for (track, hz) in tracks.iter().zip([CALLER_HZ, AGENT_HZ]) {
        let (mut of_party, mut of_supervisor) = (0, 0);
        for window in track.chunks_exact(1_600) {
            of_party += usize::from(share_of(hz, window) > 0.9);
            of_supervisor += usize::from(share_of(OTHER_HZ, window) > 0.02);
        }
        let windows = track.len() / 1_600;
        eprintln!("{of_party} of {windows} windows are {hz} Hz, {of_supervisor} the supervisor's");
        assert!(of_party * 10 > windows * 8);
        assert_eq!(of_supervisor, 0);
    }

    // Back to listening, then to nothing at all.
    scene.supervise(&two, &one, SupervisionMode::Listen).await;
    hears(&caller.line, &[AGENT_HZ], &[OTHER_HZ]).await;
    let silence = SwitchCommand::Silence {
        channel: two.clone(),
    };
    scene.driver.tell(silence).await;
    scene.music(&two).await;
    hears(&boss.line, &[MUSIC_HZ], &[CALLER_HZ, AGENT_HZ]).await;
    assert_eq!(
        scene.count(|event| matches!(event, SwitchEvent::Bridged { .. })),
        1
    );
    assert_eq!(
        scene.count(|event| matches!(event, SwitchEvent::Unbridged { .. })),
        0
    );

    // Takes over: a bridge ends the supervision.
    scene.supervise(&two, &one, SupervisionMode::Whisper).await;
    hears(&agent.line, &[OTHER_HZ], &[]).await;
    scene.bridge(&channel, &two).await;
    let since = agent.line.mark();
    hears(&caller.line, &[OTHER_HZ], &[AGENT_HZ]).await;
    assert!(!has_tone(&agent.line, since + 800, OTHER_HZ));

    // The supervisor's leg outlives the one it listens to.
    scene.bridge(&channel, &one).await;
    scene.supervise(&two, &one, SupervisionMode::Listen).await;
    hears(&boss.line, &[CALLER_HZ], &[]).await;
    scene.hang_up(&[&one]).await;
    scene.music(&two).await;
    hears(&boss.line, &[MUSIC_HZ], &[CALLER_HZ]).await;
    scene.hang_up(&[&channel, &two]).await;
    scene.clears().await;

    let nobody = SwitchCommand::Supervise {
        channel: two.clone(),
        target: one.clone(),
        mode: SupervisionMode::Listen,
    };
    let refused = scene.driver.order(nobody).await;
    let outcome = scene.driver.outcome(refused).await;
    assert!(
        matches!(
            outcome,
            Outcome::Failed {
                why: Failure::NoSuchChannel,
                ..
            }
        ),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn keys_are_sent_to_the_far_end_alone_and_in_a_conversation() {
    let Some(mut scene) = Scene::set().await else {
        return;
    };
    let (caller, channel) = scene.caller(Voice::Tone { hz: CALLER_HZ }).await;
    let (agent, one) = scene
        .device(PATIENT, 1001, Voice::Tone { hz: AGENT_HZ })
        .await;
    let digits = |keys: &str| {
        keys.chars()
            .map(|key| Key::try_from(key).unwrap())
            .collect()
    };
    let send = SwitchCommand::SendDigits {
        channel: one.clone(),
        digits: digits("12*#"),
    };
    scene.driver.tell(send).await;
    agent.line.is_sent("12*#", DEADLINE).await.unwrap();
    scene.bridge(&channel, &one).await;
    hears(&caller.line, &[AGENT_HZ], &[]).await;
    let send = SwitchCommand::SendDigits {
        channel: one.clone(),
        digits: digits("99A0"),
    };
    scene.driver.tell(send).await;
    agent.line.is_sent("12*#99A0", DEADLINE).await.unwrap();
    hears(&caller.line, &[AGENT_HZ], &[]).await;
    caller.line.is_sent("", DEADLINE).await.unwrap();
    scene.hang_up(&[&channel, &one]).await;
}

#[tokio::test]
async fn a_message_is_recorded_until_silence_an_order_or_the_end() {
    let Some(mut scene) = Scene::set().await else {
        return;
    };
    let (caller, channel) = scene.caller(Voice::Tone { hz: CALLER_HZ }).await;
    let record = |silence| SwitchCommand::RecordMessage {
        channel: channel.clone(),
        max: Span::seconds(60),
        silence,
    };
    for by_order in [false, true] {
        caller.line.say(Voice::Tone { hz: CALLER_HZ });
        let recording = scene.driver.tell(record(Span::seconds(1))).await;
        scene
            .driver
            .expect(SwitchEvent::RecordingStarted { recording })
            .await;
        caller.line.speaks(1_500, DEADLINE).await;
        if by_order {
            let stop = SwitchCommand::StopRecording {
                caller: channel.clone(),
                recording,
            };
            scene.driver.tell(stop).await;
        } else {
            caller.line.say(Voice::Silent);
        }
        let media = scene.driver.recorded(recording).await;
        assert!(matches!(media, RecordedMedia::Mono { .. }), "{media:?}");
        scene
            .driver
            .tell(SwitchCommand::FindRecording { recording })
            .await;
        assert_eq!(scene.driver.recorded(recording).await, media);
        assert_message(&scene, &media).await;
    }
    let recording = scene.driver.tell(record(Span::ZERO)).await;
    scene
        .driver
        .expect(SwitchEvent::RecordingStarted { recording })
        .await;
    caller.line.speaks(1_500, DEADLINE).await;
    let cause = Cause::NormalClearing;
    let ended = channel.clone();
    scene
        .driver
        .tell(SwitchCommand::HangUp {
            channel: ended,
            cause,
        })
        .await;
    let media = scene.driver.recorded(recording).await;
    assert_message(&scene, &media).await;
}

async fn assert_message(scene: &Scene, media: &RecordedMedia) {
    let track = &tracks::fetch(&scene.driver, media).await[0];
    eprintln!("a message of {} ms", track.len() / 8);
    let share = share_of(CALLER_HZ, &track[..track.len().min(9_600)]);
    assert!(share > 0.9, "{share}");
}

#[tokio::test]
async fn a_phone_that_holds_and_resumes_is_told() {
    let Some(mut scene) = Scene::set().await else {
        return;
    };
    let (caller, channel) = scene.caller(Voice::Tone { hz: CALLER_HZ }).await;
    // Asterisk tells of a hold in a bridge only.
    let holds = Agent::Holds {
        after_ms: 50,
        talks_ms: 120_000,
        holds_ms: 120_000,
    };
    let (agent, one) = scene.device(holds, 1001, Voice::Nothing).await;
    scene.bridge(&channel, &one).await;
    hears(&agent.line, &[CALLER_HZ], &[]).await;
    agent.presses_key();
    let held = SwitchEvent::Held {
        channel: one.clone(),
    };
    scene.driver.expect(held).await;
    hears(&caller.line, &[MUSIC_HZ], &[]).await;
    agent.presses_key();
    let unheld = SwitchEvent::Unheld {
        channel: one.clone(),
    };
    scene.driver.expect(unheld).await;
    agent.line.say(Voice::Tone { hz: AGENT_HZ });
    hears(&caller.line, &[AGENT_HZ], &[MUSIC_HZ]).await;
    scene.hang_up(&[&channel, &one]).await;
}

#[tokio::test]
async fn a_transfer_that_a_phone_asks_for_is_left_to_us_and_answered() {
    let Some(mut scene) = Scene::set().await else {
        return;
    };
    let (caller, channel) = scene.caller(Voice::Tone { hz: CALLER_HZ }).await;
    let asks = Agent::Transfers {
        after_ms: 50,
        talks_ms: 120_000,
        holds_ms: 0,
        to: "1002",
    };
    let (agent, one) = scene.device(asks, 1001, Voice::Tone { hz: AGENT_HZ }).await;
    scene.bridge(&channel, &one).await;
    agent.presses_key();
    let asked = SwitchEvent::TransferAsked {
        channel: one.clone(),
        to: OutsideText::new("1002"),
        replaces: None,
    };
    scene.driver.expect(asked).await;
    // Nothing has happened yet.
    hears(&caller.line, &[AGENT_HZ], &[]).await;
    let (other, two) = scene
        .device(PATIENT, 1002, Voice::Tone { hz: OTHER_HZ })
        .await;
    scene.bridge(&channel, &two).await;
    let answer = SwitchCommand::AnswerTransfer {
        channel: one.clone(),
        peer: Some(channel.clone()),
        granted: true,
    };
    scene.driver.tell(answer).await;
    hears(&caller.line, &[OTHER_HZ], &[AGENT_HZ]).await;
    hears(&other.line, &[CALLER_HZ], &[]).await;
    scene.hang_up(&[&one]).await;
    let asked = |event: &SwitchEvent| matches!(event, SwitchEvent::TransferAsked { .. });
    assert_eq!(scene.count(asked), 1);
    let story = agent.story();
    assert!(story.contains("SIP/2.0 202"), "{story}");
    assert!(story.contains("\r\n\r\nSIP/2.0 200 OK"), "{story}");
    scene.hang_up(&[&channel, &two]).await;
}

#[tokio::test]
async fn a_transfer_that_a_phone_asks_for_is_refused_and_the_two_talk_on() {
    let Some(mut scene) = Scene::set().await else {
        return;
    };
    let (caller, channel) = scene.caller(Voice::Tone { hz: CALLER_HZ }).await;
    let asks = Agent::Transfers {
        after_ms: 50,
        talks_ms: 120_000,
        holds_ms: 0,
        to: "95588",
    };
    let (agent, one) = scene.device(asks, 1001, Voice::Tone { hz: AGENT_HZ }).await;
    scene.bridge(&channel, &one).await;
    agent.presses_key();
    let asked = SwitchEvent::TransferAsked {
        channel: one.clone(),
        to: OutsideText::new("95588"),
        replaces: None,
    };
    scene.driver.expect(asked).await;
    let answer = SwitchCommand::AnswerTransfer {
        channel: one.clone(),
        peer: Some(channel.clone()),
        granted: false,
    };
    scene.driver.tell(answer).await;
    hears(&caller.line, &[AGENT_HZ], &[]).await;
    hears(&agent.line, &[CALLER_HZ], &[]).await;
    scene.hang_up(&[&channel, &one]).await;
    let story = agent.story();
    assert!(story.contains("\r\n\r\nSIP/2.0 603"), "{story}");
}

#[tokio::test]
async fn a_phone_is_asked_to_answer_by_itself_and_a_number_outside_is_dialled() {
    let Some(mut scene) = Scene::set().await else {
        return;
    };
    let (agent, one) = {
        let phone = Agent::AnswersIfAsked
            .at(scene.asterisk.phone_port(1001), Voice::Silent)
            .await;
        let leg = scene.ring(|ring| ring.auto_answer = true, 1001).await;
        scene.driver.expect_answered(&leg).await;
        (phone, leg)
    };
    let story = agent.story();
    assert!(
        story.contains("Call-Info: <sip:auto-answer>;answer-after=0"),
        "{story}"
    );
    assert!(
        story.contains("Alert-Info: <http://auto-answer>;info=alert-autoanswer"),
        "{story}"
    );
    scene.hang_up(&[&one]).await;

    let far = PATIENT
        .at(scene.asterisk.phone_port(1002), Voice::Silent)
        .await;
    let number = PhoneNumber::new("+8613800138000").unwrap();
    let outside = scene
        .ring(|ring| ring.to = Target::Number(number), 1002)
        .await;
    scene.driver.expect_answered(&outside).await;
    let story = far.story();
    assert!(
        story.contains("INVITE sip:+8613800138000@127.0.0.1:"),
        "{story}"
    );
    scene.hang_up(&[&outside]).await;
}

#[tokio::test]
async fn a_new_controller_finds_who_is_together_and_parts_them() {
    let Some(mut scene) = Scene::set().await else {
        return;
    };
    let (caller, channel) = scene.caller(Voice::Tone { hz: CALLER_HZ }).await;
    let (_agent, one) = scene
        .device(PATIENT, 1001, Voice::Tone { hz: AGENT_HZ })
        .await;
    let (_other, two) = scene
        .device(PATIENT, 1002, Voice::Tone { hz: OTHER_HZ })
        .await;
    let (third, three) = scene.device(PATIENT, 1003, Voice::Silent).await;
    scene.bridge(&channel, &one).await;
    scene.join(&two).await;
    scene.join(&three).await;
    let conference = scene.driver.call;
    let (driver, snapshot) = attach(&scene.asterisk).await;
    scene.driver = driver;
    assert_eq!(find(&snapshot, &channel).peer.as_ref(), Some(&one));
    assert_eq!(find(&snapshot, &two).conference, Some(conference));
    let part = SwitchCommand::Part {
        channel: channel.clone(),
        peer: one.clone(),
    };
    scene.driver.tell(part).await;
    scene.music(&channel).await;
    hears(&caller.line, &[MUSIC_HZ], &[AGENT_HZ]).await;
    hears(&third.line, &[OTHER_HZ], &[]).await;
    scene.driver.call = conference;
    scene.leave(&two).await;
    scene.hang_up(&[&channel, &one, &two, &three]).await;
    scene.clears().await;
}

#[tokio::test]
async fn a_phone_is_told_how_many_messages_wait() {
    let Some(mut scene) = Scene::set().await else {
        return;
    };
    let at = format!("127.0.0.1:{}", scene.asterisk.phone_port(1020));
    let phone = UdpSocket::bind(at).await.expect("the phone's port");
    for (new, old) in [(2, 1), (0, 3)] {
        let mailbox = Extension::new("1020").unwrap();
        let lamp = SwitchCommand::SetLamp { mailbox, new, old };
        scene.driver.tell(lamp).await;
        let lit = format!("Voice-Message: {new}/{old} ");
        let told = tokio::time::timeout(DEADLINE, is_told(&phone, &lit)).await;
        assert!(told.is_ok(), "no {lit:?}");
    }
}

/// Takes SIP messages until one holds `sought`, and answers each with 200.
async fn is_told(phone: &UdpSocket, sought: &str) {
    let mut packet = [0; 4_096];
    loop {
        let (length, from) = phone.recv_from(&mut packet).await.expect("a packet");
        let message = String::from_utf8_lossy(&packet[..length]);
        let repeated = ["Via:", "From:", "To:", "Call-ID:", "CSeq:"];
        let headers = message
            .lines()
            .filter(|line| repeated.iter().any(|header| line.starts_with(header)));
        let headers: Vec<&str> = headers.collect();
        let answer = format!(
            "SIP/2.0 200 OK\r\n{}\r\nContent-Length: 0\r\n\r\n",
            headers.join("\r\n")
        );
        phone.send_to(answer.as_bytes(), from).await.expect("sent");
        if message.contains(sought) {
            return;
        }
    }
}
