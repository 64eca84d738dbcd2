//! A switch tells everything that lives on it: what we believe is brought into
//! line with that. The same path serves the first connect, a reconnect and the
//! start after a crash; [`crate::engine::audit`] uses it while the link is up.

use crate::engine::Engine;
use crate::engine::arrival::place_on_leg;
use crate::engine::call::{CallState, OfferStage};
use crate::engine::cause::Cause;
use crate::engine::command::Commands;
use crate::engine::explanation::Trigger;
use crate::engine::fact::{EndedBy, Fact};
use crate::engine::id::{AgentId, CallId, ChannelId, CommandId, LegId, SwitchId};
use crate::engine::text::OutsideText;
use crate::engine::time::Span;
use crate::engine::timer::Reason;
use crate::switch::{ChannelState, LiveLeg, Snapshot};
use std::collections::{BTreeMap, BTreeSet};

/// Dead-man's timers are renewed at this rate, a second, after an outage: soon
/// enough for a controller that is started again and again. With two commands
/// each and those below it is less than any switch was seen to take (3,000).
const GUARDS_A_SECOND: u64 = 1_000;
/// The same for all that waiting callers' legs need, five commands each.
const RESUMPTIONS_A_SECOND: u64 = 150;
const LAST_RESUMPTION: Span = Span::seconds(120);

/// A leg as a switch's list shows it.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) state: ChannelState,
    pub(super) peer: Option<LegId>,
    /// What the leg carries, where the list tells it.
    pub(super) live: Option<LiveLeg>,
}

impl Found {
    pub(super) fn of(switch: &SwitchId, live: LiveLeg) -> Self {
        let peer = live.peer.clone().map(|channel| LegId {
            switch: switch.clone(),
            channel,
        });
        Self {
            state: live.arrival.state,
            peer,
            live: Some(live),
        }
    }
}

/// Everything in a switch's list, by leg.
pub(super) type Stock = BTreeMap<LegId, Found>;

pub(super) fn stock(switch: &SwitchId, snapshot: Snapshot) -> Stock {
    let leg = |channel: ChannelId| LegId {
        switch: switch.clone(),
        channel,
    };
    let live = snapshot.legs.into_iter().map(|live| {
        let channel = live.arrival.channel.clone();
        (leg(channel), Found::of(switch, live))
    });
    let listed = snapshot.listed.into_iter().map(|listed| {
        let found = Found {
            state: listed.state,
            peer: listed.peer.map(leg),
            live: None,
        };
        (leg(listed.channel), found)
    });
    live.chain(listed).collect()
}

/// What is not settled yet after a switch was out of reach.
#[derive(Debug, Default)]
pub(super) struct Outage {
    /// Examinations under way.
    pub(super) questions: BTreeSet<CommandId>,
    /// Legs that nobody knew.
    unknown: Vec<LiveLeg>,
    /// Callers to be taken into our hands again.
    resumed: Vec<CallId>,
    /// Legs that were gone.
    closed: u32,
    /// None of ours was left: the switch itself was gone.
    with_all: bool,
}

impl Engine {
    pub(super) fn link_changed(
        &mut self,
        switch: SwitchId,
        up: bool,
        why: OutsideText,
        out: &mut Commands,
    ) {
        if !up {
            self.outages.remove(&switch);
        }
        if self.links.insert(switch.clone(), up) == Some(up) {
            return;
        }
        out.note(Fact::LinkChanged {
            switch: switch.clone(),
            up,
            why,
        });
        self.queues.set_reachable(&switch, up);
        for agent in self.agents_on(&switch) {
            self.refresh_standing(&agent);
        }
    }

    fn agents_on(&self, switch: &SwitchId) -> Vec<AgentId> {
        let on_switch = self
            .agents
            .iter()
            .filter(|(_, agent)| agent.settings.switch == *switch);
        on_switch.map(|(id, _)| id.clone()).collect()
    }

    /// The link is up, and this is what lives. Where the list cannot be relied
    /// on, legs are examined before anybody is offered anything.
    pub(super) fn reconcile(&mut self, switch: SwitchId, snapshot: Snapshot, out: &mut Commands) {
        let lags = snapshot.lags;
        let stock = stock(&switch, snapshot);
        self.strangers
            .retain(|leg| leg.switch != switch || stock.contains_key(leg));
        self.suspects.remove(&switch);
        self.doubted.retain(|leg| leg.switch != switch);
        let mut outage = Outage {
            with_all: !stock
                .keys()
                .any(|leg| self.legs.contains_key(leg) || self.standing.contains_key(leg)),
            ..Outage::default()
        };
        let gone = self.missing(&switch, &stock);
        let mut doubtful: Vec<ChannelId> = Vec::new();
        if lags {
            doubtful.extend(gone.into_iter().map(|leg| leg.channel));
        } else {
            outage.closed = u32::try_from(gone.len()).unwrap_or(u32::MAX);
            for leg in &gone {
                self.vanished(leg, outage.with_all, out);
            }
        }
        for (leg, found) in &stock {
            if let Some(closing) = self.closing.get(leg) {
                let (call, answered) = (closing.call, found.state == ChannelState::Answered);
                if !self.is_being_ended(leg) {
                    self.end_leg(call, leg, Cause::NormalClearing, answered, out);
                }
            } else if let Some(call) = self.call_of(leg) {
                if lags && self.is_doubtful(call, leg, found) {
                    doubtful.push(leg.channel.clone());
                } else {
                    outage.resumed.extend(self.confirm(call, leg, found, out));
                }
            } else if self.standing.contains_key(leg) {
                match lags && self.is_odd_line(leg, found) {
                    true => doubtful.push(leg.channel.clone()),
                    false => self.confirm_line(leg, found, out),
                }
            } else if !self.strangers.contains(leg) {
                match &found.live {
                    Some(live) => outage.unknown.push(live.clone()),
                    // It may carry a place before those of everybody known.
                    None => doubtful.push(leg.channel.clone()),
                }
            }
        }
        outage.questions = self.examine(&switch, doubtful, out);
        let settled = outage.questions.is_empty();
        self.outages.insert(switch.clone(), outage);
        if settled {
            self.outage_over(switch, out);
        }
    }

    /// A question about legs of an outage has been answered, or never will be.
    pub(super) fn question_answered(&mut self, command: CommandId, out: &mut Commands) {
        let mut outages = self.outages.iter_mut();
        let settled = outages.find_map(|(switch, outage)| {
            let asked = outage.questions.remove(&command);
            (asked && outage.questions.is_empty()).then(|| switch.clone())
        });
        if let Some(switch) = settled {
            self.outage_over(switch, out);
        }
    }

    /// Everything is known again: decisions first, and then what callers hear.
    fn outage_over(&mut self, switch: SwitchId, out: &mut Commands) {
        let Some(outage) = self.outages.remove(&switch) else {
            return;
        };
        self.met.insert(switch.clone());
        let adopted = self.adopt(&switch, outage.unknown, out);
        // Only now, so that nobody is offered a call that is already gone, nor
        // one before another that was found only here.
        self.link_changed(switch.clone(), true, OutsideText::default(), out);
        self.lamps_again(&switch, out);
        out.note(Fact::Reconciled {
            switch: switch.clone(),
            adopted,
            closed: outage.closed,
        });
        for agent in self.agents_on(&switch) {
            self.line_wanted(&agent, out);
        }
        self.distribute_on(&switch, Trigger::AgentFreed, out);
        let legs = outage.resumed.len();
        for call in outage.resumed {
            self.resume_later(call, legs, out);
        }
        self.audit_soon(&switch);
    }

    /// What is not in the list: callers before agents' legs, so that no call is
    /// offered on that has ended too.
    pub(super) fn missing(&self, switch: &SwitchId, stock: &Stock) -> Vec<LegId> {
        let missing = |leg: &&LegId| leg.switch == *switch && !stock.contains_key(*leg);
        let idle = self.standing.keys();
        let idle = idle.filter(|leg| !self.legs.contains_key(*leg));
        let all = self.legs.keys().chain(self.closing.keys()).chain(idle);
        let mut gone: Vec<LegId> = all.filter(missing).cloned().collect();
        gone.sort_by_key(|leg| !self.is_caller(leg));
        gone
    }

    /// Whether a list that lags says too little of the leg: it contradicts what
    /// is believed, or the leg is in a passing state, or its call may have come
    /// further than the last run could keep.
    fn is_doubtful(&self, call: CallId, leg: &LegId, found: &Found) -> bool {
        let Some(known) = self.calls.get(&call) else {
            return false;
        };
        if known.is_composed() {
            return known.is_doubtful(leg, found);
        }
        match &known.offer {
            Some(offer) if offer.stage == OfferStage::Connected => {
                let other = match known.caller.id == *leg {
                    true => &offer.leg.id,
                    false => &known.caller.id,
                };
                found.peer.as_ref() != Some(other)
            }
            Some(_) => true,
            None if !known.ringing.is_empty() => true,
            None => {
                let is_recalled = !self.met.contains(&leg.switch);
                let may_wait = is_recalled && !known.is_waiting();
                found.peer.is_some() || !known.caller.is_answered() || may_wait
            }
        }
    }

    /// A leg that the engine knows was looked at.
    pub(super) fn looked_at(
        &mut self,
        call: CallId,
        leg: &LegId,
        found: &Found,
        out: &mut Commands,
    ) {
        let resumed = self.confirm(call, leg, found, out);
        if let Some(outage) = self.outages.get_mut(&leg.switch) {
            outage.resumed.extend(resumed);
        }
    }

    /// A leg that the engine knows is not there any more.
    pub(super) fn not_there(&mut self, leg: &LegId, out: &mut Commands) {
        let with_all = match self.outages.get_mut(&leg.switch) {
            Some(outage) => {
                outage.closed += 1;
                outage.with_all
            }
            None => false,
        };
        self.vanished(leg, with_all, out);
    }

    pub(super) fn is_caller(&self, leg: &LegId) -> bool {
        let call = self.call_of(leg).and_then(|call| self.calls.get(&call));
        call.is_some_and(|call| call.caller.id == *leg)
    }

    /// A leg is gone, and nobody told why.
    pub(super) fn vanished(&mut self, leg: &LegId, with_all: bool, out: &mut Commands) {
        let call = self.call_of(leg);
        if let Some(known) = call.and_then(|call| self.calls.get_mut(&call))
            && with_all
            && known.caller.id == *leg
        {
            known
                .ending
                .get_or_insert((Cause::NetworkFailure, EndedBy::System));
        }
        let cause = match with_all {
            true => Cause::NetworkFailure,
            false => Cause::Unseen,
        };
        self.hung_up(leg, cause, out);
    }

    /// A leg that both sides know: its state is the switch's to say. Gives the
    /// call whose caller is to be taken into our hands again.
    fn confirm(
        &mut self,
        call: CallId,
        leg: &LegId,
        found: &Found,
        out: &mut Commands,
    ) -> Option<CallId> {
        // Of two that are together nobody need be told to answer or to connect.
        if found.peer.is_none() && found.state == ChannelState::Answered {
            self.leg_answered(leg, out);
        }
        let known = self.calls.get(&call)?;
        let is_caller = known.caller.id == *leg;
        if let Some((cause, _)) = known.ending {
            if is_caller && !self.is_being_ended(leg) {
                self.end_leg(call, leg, cause, found.state == ChannelState::Answered, out);
            }
            return None;
        }
        if known.is_composed() {
            return self.confirm_composed(call, leg, found, out);
        }
        // A caller can still be together with a leg that is being ended.
        let peer = found.peer.as_ref();
        let peer = peer.filter(|peer| !self.closing.contains_key(*peer));
        match peer {
            Some(peer) => self.bridged(leg, peer, out),
            None if known.is_connected() => {
                let both_live = known.sought && !is_caller;
                self.unbridged(leg, leg, out);
                if both_live {
                    // Nobody hung up: the order that brings them together was lost.
                    self.bridge_apart(call, out);
                }
            }
            None if is_caller => {
                self.place_again(call, found, out);
                return Some(call);
            }
            None => self.bridge_again(call, out),
        }
        None
    }

    /// The leg carries a place that its call does not have: it entered the queue
    /// in the last instant of a run that could not keep it.
    fn place_again(&mut self, call: CallId, found: &Found, out: &mut Commands) {
        let carried = found.live.as_ref();
        let carried = carried.and_then(|live| place_on_leg(&live.arrival.variables));
        let known = self.calls.get(&call);
        if known.is_none_or(|known| known.is_waiting() || known.is_promised()) {
            return;
        }
        if let Some(place) = carried.filter(|place| place.call == call) {
            self.timers.clear(&Reason::KeyAwaited(call));
            self.forget_playback(call);
            self.enter_queues(call, place.entries(), out);
        }
    }

    /// The agent had answered, and whether the bridge was asked for is not known.
    fn bridge_again(&mut self, call: CallId, out: &mut Commands) {
        let offer = self.calls.get(&call).and_then(|call| call.offer.as_ref());
        let connecting = offer.filter(|offer| offer.stage == OfferStage::Connecting);
        let Some(id) = connecting.map(|offer| offer.id) else {
            return;
        };
        if !self.is_bridging(id) {
            self.connect(call, out);
        }
    }

    /// Takes a caller's leg into our hands again, where the call stands.
    pub(super) fn resume(&mut self, call: CallId, out: &mut Commands) {
        let Some(known) = self.calls.get(&call).filter(|call| call.ending.is_none()) else {
            return;
        };
        let (leg, state) = (known.caller.id.clone(), known.state);
        match state {
            CallState::Waiting | CallState::Offered => {
                self.renew_guard(&leg, out);
                self.carry_place(call, out);
                self.start_music(call, out);
            }
            CallState::Arrived | CallState::InFlow if known.is_promised() => {
                self.end_call(call, Cause::NormalClearing, out);
            }
            CallState::Arrived | CallState::InFlow => {
                self.renew_guard(&leg, out);
                self.forget_playback(call);
                self.timers.clear(&Reason::KeyAwaited(call));
                self.resume_flow(call, out);
            }
            CallState::Connected | CallState::Transferring | CallState::Parked => {
                if !self.is_being_connected(call) {
                    self.keep_caller(call, out);
                }
            }
            CallState::Voicemail => {
                self.renew_guard(&leg, out);
                self.resume_message(call, out);
            }
            CallState::Outside | CallState::Ended => {}
        }
    }

    /// Whether the caller talks to somebody, or is just being connected.
    fn is_being_connected(&self, call: CallId) -> bool {
        let known = self.calls.get(&call);
        known.is_none_or(|call| {
            let target = call.target().is_some_and(|target| target.leg.is_answered());
            call.is_talking() || target
        })
    }

    /// The same after an outage, for one of `legs` callers: those in a flow go
    /// on at once; those who wait most likely still hear their music, so that
    /// only their dead-man's timers are soon renewed.
    fn resume_later(&mut self, call: CallId, legs: usize, out: &mut Commands) {
        let Some(known) = self.calls.get(&call).filter(|call| call.ending.is_none()) else {
            return;
        };
        if known.is_composed() {
            return self.resume(call, out);
        }
        if known.offer.is_some() {
            return;
        }
        if !matches!(known.state, CallState::Waiting | CallState::Offered) {
            return self.resume(call, out);
        }
        let leg = known.caller.id.clone();
        let legs = u64::try_from(legs)
            .unwrap_or(u64::MAX)
            .saturating_mul(1_000);
        let soon = (legs / GUARDS_A_SECOND).min(self.limits().dead_man.as_millis() / 4);
        let later = (legs / RESUMPTIONS_A_SECOND).min(LAST_RESUMPTION.as_millis());
        for (reason, spread) in [
            (Reason::GuardRenewal(leg), soon),
            (Reason::Resumption(call), later),
        ] {
            let at = self.now + self.share_of(Span::millis(spread));
            self.timers.set(reason, at);
        }
    }

    /// A caller who still waits is given everything again that an outage may
    /// have taken.
    pub(super) fn resumption_due(&mut self, call: CallId, out: &mut Commands) {
        let state = self.calls.get(&call).map(|call| call.state);
        if matches!(state, Some(CallState::Waiting | CallState::Offered)) {
            self.resume(call, out);
        }
    }
}
