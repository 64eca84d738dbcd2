//! The tables, as the migrations make them (`migrations/README.md` has the rules).

use diesel::{allow_tables_to_appear_in_same_query, table};

table! {
    calls (call) {
        call -> Text,
        tenant -> Text,
        site -> Text,
        switch -> Text,
        caller_number -> Text,
        caller_name -> Text,
        dialled -> Text,
        state -> Text,
        state_since -> BigInt,
        started -> BigInt,
        connected -> Nullable<BigInt>,
        ended -> Nullable<BigInt>,
        cause -> Nullable<Text>,
        ended_by -> Nullable<Text>,
        queue -> Nullable<Text>,
        agent -> Nullable<Text>,
    }
}

table! {
    callbacks (callback) {
        callback -> Text,
        tenant -> Text,
        site -> Text,
        switch -> Text,
        queue -> Text,
        number -> Text,
        name -> Text,
        note -> Text,
        language -> Text,
        asked -> BigInt,
        entered -> BigInt,
        from_call -> Nullable<Text>,
        asked_by -> Nullable<Text>,
        state -> Text,
        state_since -> BigInt,
        until -> Nullable<BigInt>,
        attempts -> BigInt,
        offers -> BigInt,
        call -> Nullable<Text>,
        agent -> Nullable<Text>,
        closed -> Nullable<BigInt>,
        why -> Nullable<Text>,
    }
}

table! {
    call_states (journal, seq, nth) {
        journal -> Text,
        seq -> BigInt,
        nth -> Integer,
        tenant -> Text,
        site -> Text,
        switch -> Text,
        call -> Text,
        state -> Text,
        at -> BigInt,
    }
}

table! {
    legs (call, switch, channel) {
        call -> Text,
        tenant -> Text,
        site -> Text,
        switch -> Text,
        channel -> Text,
        role -> Text,
        agent -> Nullable<Text>,
        extension -> Nullable<Text>,
        state -> Text,
        started -> BigInt,
        answered -> Nullable<BigInt>,
        ended -> Nullable<BigInt>,
        cause -> Nullable<Text>,
    }
}

table! {
    leg_states (journal, seq, nth) {
        journal -> Text,
        seq -> BigInt,
        nth -> Integer,
        tenant -> Text,
        site -> Text,
        switch -> Text,
        call -> Text,
        channel -> Text,
        state -> Text,
        at -> BigInt,
    }
}

table! {
    call_steps (journal, seq, nth) {
        journal -> Text,
        seq -> BigInt,
        nth -> Integer,
        tenant -> Text,
        site -> Text,
        switch -> Text,
        call -> Nullable<Text>,
        kind -> Text,
        word -> Text,
        subject -> Text,
        agent -> Nullable<Text>,
        asked_by -> Nullable<Text>,
        refused -> Nullable<Text>,
        at -> BigInt,
    }
}

table! {
    digits (journal, seq, nth) {
        journal -> Text,
        seq -> BigInt,
        nth -> Integer,
        tenant -> Text,
        site -> Text,
        switch -> Text,
        call -> Text,
        channel -> Text,
        key -> Text,
        method -> Text,
        at -> BigInt,
    }
}

table! {
    block_visits (journal, seq, nth) {
        journal -> Text,
        seq -> BigInt,
        nth -> Integer,
        tenant -> Text,
        site -> Text,
        switch -> Text,
        call -> Text,
        flow -> Text,
        block -> Text,
        at -> BigInt,
    }
}

table! {
    queue_visits (call, queue, entered) {
        call -> Text,
        tenant -> Text,
        site -> Text,
        switch -> Text,
        queue -> Text,
        priority -> Integer,
        entered -> BigInt,
        left_at -> Nullable<BigInt>,
        reason -> Nullable<Text>,
    }
}

table! {
    offers (offer) {
        offer -> Text,
        tenant -> Text,
        site -> Text,
        switch -> Text,
        channel -> Text,
        call -> Text,
        agent -> Text,
        started -> BigInt,
        ended -> Nullable<BigInt>,
        outcome -> Nullable<Text>,
    }
}

table! {
    decisions (offer) {
        offer -> Text,
        tenant -> Text,
        site -> Text,
        switch -> Text,
        call -> Text,
        queue -> Text,
        agent -> Text,
        at -> BigInt,
        explanation -> Text,
    }
}

table! {
    recordings (call, recording) {
        call -> Text,
        recording -> BigInt,
        tenant -> Text,
        site -> Text,
        switch -> Text,
        status -> Text,
        started -> BigInt,
        settled -> Nullable<BigInt>,
        name -> Nullable<Text>,
        length_ms -> Nullable<BigInt>,
        bytes -> Nullable<BigInt>,
        sha256 -> Nullable<Text>,
        why -> Nullable<Text>,
        filing -> Nullable<Text>,
    }
}

table! {
    agents (tenant, agent) {
        tenant -> Text,
        site -> Text,
        switch -> Text,
        agent -> Text,
        state -> Text,
        reason -> Nullable<Text>,
        since -> BigInt,
        call -> Nullable<Text>,
        until -> Nullable<BigInt>,
    }
}

table! {
    agent_states (journal, seq, nth) {
        journal -> Text,
        seq -> BigInt,
        nth -> Integer,
        tenant -> Text,
        site -> Text,
        switch -> Text,
        agent -> Text,
        state -> Text,
        reason -> Nullable<Text>,
        call -> Nullable<Text>,
        at -> BigInt,
        until -> Nullable<BigInt>,
    }
}

table! {
    queue_states (tenant, site, queue) {
        tenant -> Text,
        site -> Text,
        switch -> Text,
        queue -> Text,
        waiting -> BigInt,
        since -> BigInt,
    }
}

table! {
    link_history (journal, seq, nth) {
        journal -> Text,
        seq -> BigInt,
        nth -> Integer,
        tenant -> Text,
        site -> Text,
        switch -> Text,
        what -> Text,
        why -> Nullable<Text>,
        adopted -> Nullable<BigInt>,
        closed -> Nullable<BigInt>,
        at -> BigInt,
    }
}

table! {
    messages (message) {
        message -> Text,
        tenant -> Text,
        site -> Text,
        switch -> Text,
        mailbox -> Text,
        call -> Text,
        recording -> BigInt,
        caller_number -> Text,
        caller_name -> Text,
        left_at -> BigInt,
        length_ms -> BigInt,
        state -> Text,
        changed_at -> BigInt,
        changed_by -> Nullable<Text>,
        note -> Nullable<Text>,
        called -> Nullable<Text>,
        called_at -> Nullable<BigInt>,
        called_by -> Nullable<Text>,
        called_in -> Nullable<Text>,
    }
}

table! {
    command_failures (journal, seq, nth) {
        journal -> Text,
        seq -> BigInt,
        nth -> Integer,
        tenant -> Text,
        site -> Text,
        switch -> Text,
        call -> Nullable<Text>,
        command -> BigInt,
        why -> Text,
        at -> BigInt,
    }
}

table! {
    projections (journal) {
        journal -> Text,
        tenant -> Text,
        site -> Text,
        switch -> Text,
        seq -> BigInt,
        last_command -> BigInt,
    }
}

table! {
    users (tenant, login) {
        tenant -> Text,
        site -> Text,
        switch -> Text,
        login -> Text,
        password_hash -> Text,
        role -> Text,
        display_name -> Text,
        language -> Text,
        agent -> Nullable<Text>,
        created -> BigInt,
        failed_attempts -> Integer,
        locked_until -> Nullable<BigInt>,
    }
}

table! {
    sessions (token_hash) {
        token_hash -> Text,
        tenant -> Text,
        site -> Text,
        switch -> Text,
        login -> Text,
        created -> BigInt,
        expires -> BigInt,
        last_seen -> BigInt,
    }
}

allow_tables_to_appear_in_same_query!(sessions, users);
allow_tables_to_appear_in_same_query!(messages, recordings);
