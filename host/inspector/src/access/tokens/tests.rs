use super::*;

#[test]
fn who_writes_at_the_same_time_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tokens.json");
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let file = file.clone();
            scope.spawn(move || {
                // Each as a process of its own would.
                for number in 0..5 {
                    let tokens = Tokens::in_file(file.clone());
                    let name = format!("{writer}/{number}");
                    tokens.create(&name, Role::Viewer).unwrap();
                    let passing = tokens.create(&format!("{name}/passing"), Role::Admin);
                    assert!(tokens.revoke(&passing.unwrap().id).unwrap());
                }
            });
        }
    });
    assert_eq!(Tokens::in_file(file).list().unwrap().len(), 40);
}

#[test]
fn a_change_by_somebody_else_is_seen_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tokens.json");
    let (ours, theirs) = (Tokens::in_file(file.clone()), Tokens::in_file(file));
    assert!(ours.is_unused().unwrap());
    for round in 0..50 {
        let made = theirs
            .create(&format!("anna {round}"), Role::Viewer)
            .unwrap();
        assert!(!ours.is_current());
        assert!(ours.bearer(&made.token).unwrap().is_some());
        assert!(ours.is_current());
        theirs.revoke(&made.id).unwrap();
        assert!(!ours.is_current());
        assert!(ours.bearer(&made.token).unwrap().is_none());
    }
    assert!(ours.is_empty().unwrap() && !ours.is_unused().unwrap());
}

#[test]
fn only_who_shows_a_token_has_used_it() {
    let tokens = Tokens::in_memory();
    let made = tokens.create("anna", Role::Viewer).unwrap();
    let used = || tokens.list().unwrap()[0].last_used.clone();
    // Asked of an open socket each second.
    assert!(tokens.still(&made.id).unwrap().is_some());
    assert_eq!(used(), None);
    assert!(tokens.by_session(&made.id).unwrap().is_some());
    assert!(used().is_some());
}

#[test]
fn without_a_file_they_are_in_memory() {
    let tokens = Tokens::in_memory();
    assert!(tokens.is_unused().unwrap());
    let made = tokens.create("anna", Role::Viewer).unwrap();
    assert!(tokens.bearer(&made.token).unwrap().is_some());
    assert!(tokens.is_current());
}
