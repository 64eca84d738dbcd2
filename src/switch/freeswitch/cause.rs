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

/// What `uuid_kill` takes for a cause: its number, or the name where the number
/// differs from one version of FreeSWITCH to the next.
pub fn word(cause: Cause) -> String {
    match cause {
        // By its own cause FreeSWITCH tells the phone that another has answered.
        Cause::AnsweredElsewhere => "LOSE_RACE".to_owned(),
        cause => match cause.q850() {
            0 => Cause::NormalClearing.q850().to_string(),
            number => number.to_string(),
        },
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

    #[test]
    fn who_lost_the_race_is_told_so_by_name() {
        // Its number is 502 in some versions and 702 in others.
        assert_eq!(word(Cause::AnsweredElsewhere), "LOSE_RACE");
        assert_eq!(word(Cause::UserBusy), "17");
        assert_eq!(word(Cause::Other(0)), "16");
    }
}
