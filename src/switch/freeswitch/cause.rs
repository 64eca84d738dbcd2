//! Why a channel ended, in FreeSWITCH's words.
//!
//! Source: `switch_types.h` (`switch_call_cause_t`). Up to 127 the numbers are
//! those of Q.850; above lie FreeSWITCH's own.

use crate::engine::cause::Cause;
use freeswitch_types::HangupCause;

/// The cause for a name such as `USER_BUSY`, as in `Hangup-Cause` and in the
/// answer to `originate`.
pub fn cause(name: &str) -> Cause {
    let Ok(known) = name.parse::<HangupCause>() else {
        return Cause::Other(0);
    };
    match known {
        HangupCause::UserNotRegistered
        | HangupCause::GatewayDown
        | HangupCause::InvalidGateway
        | HangupCause::InvalidUrl
        | HangupCause::InvalidProfile
        | HangupCause::ChanNotImplemented
        // No answer to our INVITE at all.
        | HangupCause::RecoveryOnTimerExpire => Cause::NotReachable,
        HangupCause::AllottedTimeout | HangupCause::MediaTimeout => Cause::Timeout,
        HangupCause::ProgressTimeout => Cause::NoAnswer,
        HangupCause::BusyEverywhere => Cause::UserBusy,
        HangupCause::Decline | HangupCause::Unwanted | HangupCause::RejectAll => Cause::Rejected,
        HangupCause::NoRouteDestination | HangupCause::DoesNotExistAnywhere => Cause::UnallocatedNumber,
        other => Cause::from_q850(other as u16),
    }
}

/// The number `uuid_kill` takes for a cause.
pub fn number(cause: Cause) -> u16 {
    match cause.q850() {
        // By its own number FreeSWITCH tells the phone that another has answered.
        26 => 502,
        0 => Cause::NormalClearing.q850(),
        number => number,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_causes() {
        for (name, expected) in [
            ("NORMAL_CLEARING", Cause::NormalClearing),
            ("USER_BUSY", Cause::UserBusy),
            ("NO_ANSWER", Cause::NoAnswer),
            ("NO_USER_RESPONSE", Cause::NoAnswer),
            ("CALL_REJECTED", Cause::Rejected),
            ("ORIGINATOR_CANCEL", Cause::OriginatorCancel),
            ("LOSE_RACE", Cause::AnsweredElsewhere),
            ("USER_NOT_REGISTERED", Cause::NotReachable),
            ("ALLOTTED_TIMEOUT", Cause::Timeout),
            ("SOMETHING_NEW", Cause::Other(0)),
        ] {
            assert_eq!(cause(name), expected, "{name}");
        }
    }
}
