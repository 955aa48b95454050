#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::net::SocketAddr;

use digest_auth::AuthContext;

use super::*;

const PAGE: &str = "/ISAPI/System/deviceInfo";
const RIGHT: &str = "correct horse";

fn door(change: impl FnOnce(&mut DeviceSettings)) -> Door {
    let login = Login {
        user: "admin".to_owned(),
        password: Secret::new(RIGHT),
    };
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
    let mut settings = DeviceSettings::new(nowhere, login, Vec::new());
    settings.limits.wrong_logins = 3;
    change(&mut settings);
    Door::new(&settings)
}

fn judge(door: &Door, authorization: Option<&str>, now: Instant) -> Verdict {
    let visitor = Visitor {
        address: IpAddr::from([10, 0, 0, 1]),
        method: "GET",
        target: PAGE,
        authorization,
    };
    door.judge(&visitor, now)
}

fn challenges(verdict: Verdict) -> Vec<String> {
    match verdict {
        Verdict::Asked { challenges, .. } => challenges,
        other => panic!("{other:?}"),
    }
}

/// What a client of another hand answers to a challenge.
fn answer(challenge: &str, password: &str) -> String {
    let mut challenge = digest_auth::parse(challenge).unwrap();
    let context = AuthContext::new("admin", password, PAGE);
    challenge.respond(&context).unwrap().to_header_string()
}

#[test]
fn a_login_is_asked_for_and_taken() {
    let door = door(|_| ());
    let now = Instant::now();
    for first in [None, Some("Basic YWRtaW46Y29ycmVjdCBob3JzZQ==")] {
        let asked = challenges(judge(&door, first, now));
        let [challenge] = asked.as_slice() else {
            panic!("{asked:?}")
        };
        assert!(
            challenge.starts_with("Digest qop=\"auth\", realm="),
            "{challenge}"
        );
        let login = answer(challenge, RIGHT);
        assert_eq!(judge(&door, Some(&login), now), Verdict::Welcome);
        // The same proof a second time is a replay.
        let again = challenges(judge(&door, Some(&login), now));
        assert!(again.concat().contains("stale=\"TRUE\""), "{again:?}");
    }
}

#[test]
fn sha_256_is_offered_first_and_both_are_taken() {
    let door = door(|settings| settings.sha_256 = true);
    let now = Instant::now();
    let asked = challenges(judge(&door, None, now));
    let [better, older] = asked.as_slice() else {
        panic!("{asked:?}")
    };
    assert!(better.contains("SHA-256") && older.contains("MD5"));
    for challenge in [better, older] {
        let asked = challenges(judge(&door, None, now));
        let challenge = asked
            .iter()
            .find(|one| one.contains("SHA-256") == challenge.contains("SHA-256"));
        let login = answer(challenge.unwrap(), RIGHT);
        assert_eq!(judge(&door, Some(&login), now), Verdict::Welcome, "{login}");
    }
}

#[test]
fn an_old_nonce_is_stale_and_no_wrong_password() {
    let door = door(|settings| settings.limits.nonce = Duration::from_secs(60));
    let now = Instant::now();
    let asked = challenges(judge(&door, None, now));
    let login = answer(&asked.concat(), RIGHT);
    for _ in 0..10 {
        let later = judge(&door, Some(&login), now + Duration::from_secs(61));
        let Verdict::Asked { challenges, wrong } = later else {
            panic!("{later:?}")
        };
        assert!(challenges.concat().contains("stale=\"TRUE\""));
        assert!(!wrong);
    }
}

#[test]
fn wrong_passwords_lock_the_address_also_for_the_right_one() {
    let door = door(|_| ());
    let now = Instant::now();
    let mut asked = challenges(judge(&door, None, now));
    for _ in 0..3 {
        let refused = judge(&door, Some(&answer(&asked.concat(), "wrong")), now);
        assert!(matches!(refused, Verdict::Asked { wrong: true, .. }));
        asked = challenges(refused);
        assert!(asked.concat().contains("stale=\"FALSE\""));
    }
    let right = answer(&asked.concat(), RIGHT);
    let locked = judge(&door, Some(&right), now);
    assert!(matches!(locked, Verdict::Locked(_)), "{locked:?}");
}

#[test]
fn who_only_repeats_a_right_login_has_no_more_attempts_for_it() {
    let door = door(|_| ());
    let now = Instant::now();
    let asked = challenges(judge(&door, None, now));
    let overheard = answer(&asked.concat(), RIGHT);
    assert_eq!(judge(&door, Some(&overheard), now), Verdict::Welcome);
    let mut asked = challenges(judge(&door, None, now));
    for _ in 0..3 {
        let guess = answer(&asked.concat(), "a guess");
        asked = challenges(judge(&door, Some(&guess), now));
        let repeated = judge(&door, Some(&overheard), now);
        assert_ne!(repeated, Verdict::Welcome);
    }
    let locked = judge(&door, None, now);
    assert!(matches!(locked, Verdict::Locked(_)), "{locked:?}");
}

#[test]
fn a_proof_for_another_page_is_none_for_this() {
    let door = door(|_| ());
    let now = Instant::now();
    let asked = challenges(judge(&door, None, now)).concat();
    let mut challenge = digest_auth::parse(&asked).unwrap();
    let context = AuthContext::new("admin", RIGHT, "/ISAPI/System/status");
    let other = challenge.respond(&context).unwrap().to_header_string();
    assert_eq!(judge(&door, Some(&other), now), Verdict::Malformed);
    let whole = format!("http://camera{PAGE}");
    let context = AuthContext::new("admin", RIGHT, whole);
    let same = challenge.respond(&context).unwrap().to_header_string();
    assert_eq!(judge(&door, Some(&same), now), Verdict::Welcome);
    assert_eq!(judge(&door, Some("Digest x"), now), Verdict::Malformed);
}
