//! A little fuzzing in every test run, from fixed seeds: bytes that a plugin returns, and bytes
//! that call themselves a plugin. `fuzz/` has the same for as long as one likes.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod common;
mod puppet;

use std::time::Duration;

use agave_core::{Phase, Role};
use agave_plugin::{Instance, Outcome};
use common::{BAD, alert, assert_readable, built, delivery, engine, frame, setup};
use fastrand::Rng;
use puppet::believed::Puppets;
use puppet::{Answer, Puppet};

const ANSWERS: usize = 40_000;

/// Where the host's checks begin and end.
const INTERESTING: [u32; 12] = [
    0,
    1,
    2,
    63,
    64,
    1000,
    0xffff,
    0x1_0000,
    i32::MAX as u32,
    u32::MAX,
    0x7fc0_0000, // NaN
    0x7f80_0000, // infinity
];

/// Something that the role may return, by and large.
fn in_order(random: &mut Rng, role: usize) -> Answer {
    let text = |random: &mut Rng| -> String {
        let length = random.usize(0..40);
        (0..length).map(|_| random.char('\0'..'\u{300}')).collect()
    };
    if random.u8(0..10) == 0 {
        return match random.bool() {
            true => Answer::error(text(random).as_bytes()),
            false => Answer::snapshot(random.u32(0..3), text(random).as_bytes()),
        };
    }
    match role {
        0 => {
            let mut passed = frame(5);
            passed.detections.retain(|_| random.bool());
            random.shuffle(&mut passed.detections);
            Answer::frames(&[passed])
        }
        1 | 2 => {
            let alerts: Vec<_> = (0..random.u64(0..4))
                .map(|number| {
                    let mut alert = alert(number);
                    if random.bool() {
                        alert.key = text(random);
                        alert.phase = Phase::End;
                        alert.zone = None;
                    }
                    alert.attributes = (0..random.usize(0..4))
                        .map(|_| (text(random), text(random)))
                        .collect();
                    alert
                })
                .collect();
            Answer::alerts(&alerts)
        }
        _ => {
            let one = |random: &mut Rng| match random.u8(0..4) {
                0 | 1 => Outcome::Delivered,
                2 => Outcome::Retry(Some(Duration::from_millis(random.u32(..).into()))),
                _ => Outcome::Rejected(text(random)),
            };
            let outcomes: Vec<_> = (0..random.usize(1..4)).map(|_| one(random)).collect();
            Answer::outcomes(&outcomes)
        }
    }
}

/// A few bytes otherwise.
fn spoil(random: &mut Rng, bytes: &mut Vec<u8>) {
    for _ in 0..random.usize(0..4) {
        let length = bytes.len();
        if length < 8 {
            return;
        }
        let at = random.usize(0..length - 4);
        match random.u8(0..8) {
            0 => bytes[at] = random.u8(..),
            1 => bytes[at] ^= 1 << random.u8(0..8),
            2 => bytes.truncate(at),
            3 => {
                let place = at & !3;
                let value = random.u32(..).to_le_bytes();
                bytes[place..place + 4].copy_from_slice(&value);
            }
            4 => {
                let from = random.usize(0..length - 4);
                bytes.copy_within(from..from + 4, at);
            }
            _ => {
                let value = INTERESTING[random.usize(0..INTERESTING.len())];
                let place = at & !3;
                bytes[place..place + 4].copy_from_slice(&value.to_le_bytes());
            }
        }
    }
}

#[test]
fn whatever_is_returned_is_refused_by_name_or_is_true() {
    let mut random = Rng::with_seed(3);
    let deliveries = (1..3).map(|number| delivery(BAD, number)).collect();
    let mut puppets = Puppets::new(engine(), setup(BAD, "{}"), frame(5), deliveries);
    let mut believed = [0usize; 4];
    for number in 0..ANSWERS {
        let role = number % 4;
        let mut bytes = in_order(&mut random, role).into_bytes();
        spoil(&mut random, &mut bytes);
        believed[role] += usize::from(puppets.return_bytes(role, &bytes));
    }
    // Both happen often enough to mean something.
    for count in believed {
        let share = ANSWERS / 4 / 20;
        assert!(count > share && count < ANSWERS / 4 - share, "{believed:?}");
    }
}

#[test]
fn what_calls_itself_a_plugin_is_refused_or_contained() {
    let mut random = Rng::with_seed(3);
    let puppet = Puppet::new(Role::Filter).component();
    let roi = std::fs::read(built("roi")).unwrap();
    let mut ran = 0;
    for (whole, times) in [(&puppet, 300), (&roi, 25)] {
        for _ in 0..times {
            let mut bytes = whole.clone();
            for _ in 0..random.usize(1..4) {
                let at = random.usize(0..bytes.len());
                bytes[at] = random.u8(..);
            }
            if random.u8(0..10) == 0 {
                bytes.truncate(random.usize(0..bytes.len()));
            }
            ran += usize::from(load_and_call(&bytes));
        }
    }
    assert!(ran > 0, "not one of them could be called");
}

/// Whether it could be loaded.
fn load_and_call(bytes: &[u8]) -> bool {
    let plugin = match puppet::load(engine(), bytes) {
        Ok(plugin) => plugin,
        Err(error) => {
            assert_readable(&error.to_string());
            return false;
        }
    };
    let called = Instance::start(&plugin, &setup(BAD, "{}"))
        .and_then(|mut instance| instance.process(&frame(1)));
    if let Err(failure) = called {
        assert_readable(&failure.to_string());
    }
    true
}
