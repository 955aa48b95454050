//! TCP: bytes both ways, and what happens when the other side does not play along.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use agave_plugin::Grants;
use anyhow::Result;
use serde_json::json;

use crate::probe::{Probe, World};

fn listener() -> Result<(TcpListener, String)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?.to_string();
    Ok((listener, address))
}

fn probe(world: &World, address: &str) -> Probe {
    world.probe(Grants {
        tcp: vec![address.to_owned()],
        ..Grants::default()
    })
}

#[test]
fn bytes_go_both_ways() -> Result<()> {
    let (listener, address) = listener()?;
    let world = World::new();
    let mut probe = probe(&world, &address);
    let connect = json!({ "do": "connect", "id": 1, "address": address });
    assert_eq!(probe.ask(connect), json!({}));
    let (mut stream, _) = listener.accept()?;
    assert_eq!(
        probe.ask(json!({ "do": "write", "id": 1, "text": "hello" })),
        json!({})
    );
    let mut said = [0; 5];
    stream.read_exact(&mut said)?;
    assert_eq!(&said, b"hello");

    stream.write_all(b"world")?;
    let read = |max: u32| json!({ "do": "read", "id": 1, "max": max, "timeout_ms": 5000 });
    assert_eq!(probe.ask(read(2))["text"], "wo");
    assert_eq!(probe.ask(read(100))["text"], "rld");
    assert_eq!(probe.ask(read(0))["length"], 0);
    let began = Instant::now();
    let late = json!({ "do": "read", "id": 1, "max": 1, "timeout_ms": 100 });
    assert_eq!(probe.ask(late)["error"], "timed-out");
    assert!(began.elapsed() < Duration::from_secs(5));
    // A read that timed out has cost nothing.
    stream.write_all(b"!")?;
    assert_eq!(probe.ask(read(1))["text"], "!");
    drop(stream);
    assert_eq!(probe.ask(read(1))["error"], "closed");
    assert_eq!(
        probe.ask(json!({ "do": "write", "id": 1, "text": "x" }))["error"],
        "closed"
    );
    Ok(())
}

#[test]
fn a_dropped_connection_is_closed() -> Result<()> {
    let (listener, address) = listener()?;
    let world = World::new();
    let mut first = probe(&world, &address);
    first.ask(json!({ "do": "connect", "id": 1, "address": address }));
    first.ask(json!({ "do": "connect", "id": 2, "address": address }));
    let (mut one, _) = listener.accept()?;
    let (mut two, _) = listener.accept()?;
    let at_end = |stream: &mut TcpStream| -> Result<bool> {
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        Ok(stream.read(&mut [0; 1])? == 0)
    };
    first.ask(json!({ "do": "close", "id": 1 }));
    assert!(at_end(&mut one)?);
    drop(first);
    assert!(at_end(&mut two)?, "an instance's connections end with it");
    Ok(())
}

#[test]
fn connections_reads_and_writes_have_limits() -> Result<()> {
    let (_listener, address) = listener()?;
    let world = World::new();
    let mut probe = probe(&world, &address);
    for id in 0..8 {
        let call = json!({ "do": "connect", "id": id, "address": address });
        assert_eq!(probe.ask(call), json!({}), "{id}");
    }
    let ninth = json!({ "do": "connect", "id": 8, "address": address });
    let refused = probe.ask(ninth.clone());
    assert_eq!(refused["error"], "not-allowed", "{refused}");
    probe.ask(json!({ "do": "close", "id": 0 }));
    assert_eq!(probe.ask(ninth), json!({}));
    let large = json!({ "do": "write", "id": 1, "bytes": (1 << 20) + 1 });
    assert_eq!(probe.ask(large)["error"], "not-allowed");
    Ok(())
}

#[test]
fn a_receiver_that_takes_nothing_does_not_hold_the_plugin() -> Result<()> {
    let (listener, address) = listener()?;
    let world = World::new();
    let mut probe = probe(&world, &address);
    probe.ask(json!({ "do": "connect", "id": 1, "address": address }));
    let (_stream, _) = listener.accept()?;
    let began = Instant::now();
    // More than any system buffers; the write gives up after ten seconds.
    let mut last = json!({});
    for _ in 0..64 {
        last = probe.ask(json!({ "do": "write", "id": 1, "bytes": 1 << 20 }));
        if last["error"].is_string() {
            break;
        }
    }
    assert_eq!(last["error"], "timed-out", "{last}");
    assert!(began.elapsed() < Duration::from_secs(60));
    // Nobody knows how much has arrived.
    assert_eq!(
        probe.ask(json!({ "do": "write", "id": 1, "text": "x" }))["error"],
        "closed"
    );
    Ok(())
}

#[test]
fn what_is_not_granted_or_not_there_says_so() -> Result<()> {
    let (listener, address) = listener()?;
    let world = World::new();
    let mut probe = probe(&world, &address);
    let connect = |address: &str| json!({ "do": "connect", "id": 1, "address": address });
    for other in ["127.0.0.1:1", "localhost:80", "127.0.0.1", "nonsense", ""] {
        let refused = probe.ask(connect(other));
        assert_eq!(refused["error"], "not-allowed", "{other}: {refused}");
        assert!(refused["why"].as_str().unwrap().contains("allow.tcp"));
    }
    drop(listener);
    assert_eq!(probe.ask(connect(&address))["error"], "unreachable");
    Ok(())
}
