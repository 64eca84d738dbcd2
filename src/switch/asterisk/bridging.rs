//! Who talks with whom: two legs together and apart, and conferences.

use super::api::ApiError;
use super::commands;
use super::executor::Executor;
use super::hearing::Sound;
use super::message::Bridge;
use super::name::{Name, Purpose};
use super::request::Request;
use crate::engine::id::{CallId, ChannelId};
use crate::engine::time::Span;
use futures_util::future::{join, join3, try_join};

impl Executor {
    pub(super) async fn bridge(
        &self,
        name: &Name,
        channel: &ChannelId,
        peer: &ChannelId,
    ) -> Result<(), ApiError> {
        let bridge = Purpose::Pair(*name).to_string();
        let make = make(&bridge, channel.as_str());
        let disarm = [channel, peer].map(|leg| commands::guard(leg, Span::ZERO));
        let prepare = try_join(self.api.send(&make), self.send_all(&disarm));
        let (prepared, (), ()) = join3(prepare, self.quieten(channel), self.quieten(peer)).await;
        let both = [channel.as_str(), peer.as_str()];
        let together = match prepared {
            Ok(_) => self.api.send(&enter(&bridge, &both)).await,
            Err(error) => Err(error),
        };
        match together {
            Ok(()) => {
                for leg in [channel, peer] {
                    self.hearing.set(leg, Sound::Bridge(bridge.clone()));
                }
                Ok(())
            }
            Err(error) => {
                self.clear_away(&[destroy(&bridge)]).await;
                Err(error)
            }
        }
    }

    /// The bridge they leave is destroyed when its end is told.
    pub(super) async fn part(&self, channel: &ChannelId, peer: &ChannelId) -> Result<(), ApiError> {
        let Some(bridge) = self.hearing.together(channel, peer) else {
            return Err(ApiError::Apart(channel.clone(), peer.clone()));
        };
        let both = [channel.as_str(), peer.as_str()];
        self.api.send(&leave(&bridge, &both)).await?;
        for leg in [channel, peer] {
            self.hearing.left(leg, &bridge);
        }
        Ok(())
    }

    pub(super) async fn join(
        &self,
        channel: &ChannelId,
        conference: CallId,
    ) -> Result<(), ApiError> {
        let bridge = Purpose::Conference(conference).to_string();
        let disarm = commands::guard(channel, Span::ZERO);
        let (disarmed, ()) = join(self.api.send(&disarm), self.quieten(channel)).await;
        disarmed?;
        let joined = self.enter_conference(&bridge, conference, channel).await;
        if joined.is_ok() {
            self.hearing.set(channel, Sound::Bridge(bridge));
        }
        joined
    }

    async fn enter_conference(
        &self,
        bridge: &str,
        conference: CallId,
        channel: &ChannelId,
    ) -> Result<(), ApiError> {
        let _nobody_ends_it = self.conferences.lock().await;
        match self.api.send(&make(bridge, &conference.to_string())).await {
            // Somebody is in it already.
            Err(error) if error.is_conflict() => {}
            made => made?,
        }
        self.api.send(&enter(bridge, &[channel.as_str()])).await
    }

    /// The last one has left, unless somebody joined again since.
    pub(super) async fn end_conference(&self, bridge: &str) -> Result<(), ApiError> {
        let _nobody_joins = self.conferences.lock().await;
        let found: Bridge = self.api.fetch(&Request::get(&["bridges", bridge])).await?;
        if found.channels.is_empty() {
            self.api.send(&destroy(bridge)).await?;
        }
        Ok(())
    }

    pub(super) async fn leave(
        &self,
        channel: &ChannelId,
        conference: CallId,
    ) -> Result<(), ApiError> {
        let bridge = Purpose::Conference(conference).to_string();
        self.api.send(&leave(&bridge, &[channel.as_str()])).await?;
        self.hearing.left(channel, &bridge);
        Ok(())
    }
}

/// An empty bridge, named after a leg or a call; see [`super::bridges`].
pub(super) fn make(bridge: &str, named: &str) -> Request {
    Request::post(&["bridges"])
        .query("bridgeId", bridge)
        .query("type", "mixing")
        .query("name", named)
}

pub(super) fn enter(bridge: &str, channels: &[&str]) -> Request {
    Request::post(&["bridges", bridge, "addChannel"]).query("channel", channels.join(","))
}

fn leave(bridge: &str, channels: &[&str]) -> Request {
    Request::post(&["bridges", bridge, "removeChannel"]).query("channel", channels.join(","))
}

pub(super) fn destroy(bridge: &str) -> Request {
    Request::delete(&["bridges", bridge])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::id::CommandId;

    #[test]
    fn two_legs_meet_in_a_bridge_of_their_own_and_leave_it_together() {
        let name = Name {
            call: "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap(),
            command: CommandId(7),
        };
        let bridge = Purpose::Pair(name).to_string();
        let requests = [
            make(&bridge, "1.2"),
            enter(&bridge, &["1.2", "leg"]),
            leave(&bridge, &["1.2", "leg"]),
            destroy(&bridge),
        ];
        let said =
            requests.map(|request| format!("{:?} {}", request.method, request.address().unwrap()));
        insta::assert_snapshot!(said.join("\n"), @r"
Post /bridges?bridgeId=01ARZ3NDEKTSV4RRFFQ69G5FAV-7-bridge&type=mixing&name=1.2
Post /bridges/01ARZ3NDEKTSV4RRFFQ69G5FAV-7-bridge/addChannel?channel=1.2%2Cleg
Post /bridges/01ARZ3NDEKTSV4RRFFQ69G5FAV-7-bridge/removeChannel?channel=1.2%2Cleg
Delete /bridges/01ARZ3NDEKTSV4RRFFQ69G5FAV-7-bridge
");
    }

    #[test]
    fn a_conference_is_a_bridge_named_after_its_call() {
        let call: CallId = "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap();
        let bridge = Purpose::Conference(call).to_string();
        insta::assert_snapshot!(make(&bridge, &call.to_string()).address().unwrap(), @"/bridges?bridgeId=01ARZ3NDEKTSV4RRFFQ69G5FAV-conference&type=mixing&name=01ARZ3NDEKTSV4RRFFQ69G5FAV");
        insta::assert_snapshot!(enter(&bridge, &["1.2"]).address().unwrap(), @"/bridges/01ARZ3NDEKTSV4RRFFQ69G5FAV-conference/addChannel?channel=1.2");
        insta::assert_snapshot!(leave(&bridge, &["1.2"]).address().unwrap(), @"/bridges/01ARZ3NDEKTSV4RRFFQ69G5FAV-conference/removeChannel?channel=1.2");
    }
}
