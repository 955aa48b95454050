//! An adapter may wait for the outside, and not for ever: each wait has a limit, and so has what
//! all waits of a call add up to. A stop is not held up by either.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use agave_plugin::{Failure, Grants};
use anyhow::Result;
use serde_json::{Value, json};

use crate::probe::{Probe, World};

/// Far longer than any of the limits.
const WAITS: usize = 1000;

/// A server that accepts and says nothing, and a probe that is connected to it.
fn world(world: &World, deadline: Duration) -> Result<(TcpListener, Probe)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?.to_string();
    let grants = Grants {
        tcp: vec![address.clone()],
        ..Grants::default()
    };
    let mut probe = Probe::with_deadline(deadline, grants, world.outside());
    let connected = probe.ask(json!({ "do": "connect", "id": 1, "address": address }));
    assert_eq!(connected, json!({}));
    Ok((listener, probe))
}

fn waits() -> Vec<Value> {
    vec![json!({ "do": "read", "id": 1, "max": 1, "timeout_ms": 100 }); WAITS]
}

#[test]
fn a_plugin_that_waits_again_and_again_is_stopped() -> Result<()> {
    let outside = World::new();
    let (_listener, mut probe) = world(&outside, Duration::from_millis(100))?;
    let began = Instant::now();
    let failure = probe.ask_at_once(&waits());
    // Ten times what it may compute.
    assert_eq!(failure, Err(Failure::Deadline(Duration::from_secs(1))));
    assert!(began.elapsed() < Duration::from_secs(20), "{began:?}");
    Ok(())
}

#[test]
fn a_stop_ends_what_a_plugin_waits_for_and_what_it_does_then() -> Result<()> {
    let outside = World::new();
    let (_listener, mut probe) = world(&outside, Duration::from_secs(30))?;
    let hang_up = outside.hang_up.clone();
    let (sender, receiver) = std::sync::mpsc::channel();
    let waiting = std::thread::spawn(move || {
        sender.send(()).unwrap();
        probe.ask_at_once(&waits()).is_ok()
    });
    receiver.recv()?;
    let began = Instant::now();
    hang_up.cancel();
    waiting.join().expect("the waiting thread panicked");
    // All waits together would take 100 s.
    assert!(began.elapsed() < Duration::from_secs(20), "{began:?}");
    Ok(())
}
