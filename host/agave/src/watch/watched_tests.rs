use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

use super::*;

/// A folder with a file in it that is watched.
struct Place {
    folder: tempfile::TempDir,
    watched: Watched,
}

impl Place {
    fn with(content: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut place = Self {
            folder,
            watched: Watched::default(),
        };
        fs::write(place.file(), content).unwrap();
        place.watch([place.file()]);
        place
    }

    fn file(&self) -> PathBuf {
        self.at("flow.yaml")
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// As of a flow that was read just now.
    fn watch(&mut self, paths: impl IntoIterator<Item = PathBuf>) {
        let later = SystemTime::now() + Duration::from_secs(1);
        self.watched.watch(&paths.into_iter().collect(), later);
    }

    fn look(&mut self) -> Option<Vec<PathBuf>> {
        self.watched.look(SystemTime::now())
    }

    fn looks(&mut self, times: usize) -> Vec<Vec<PathBuf>> {
        (0..times).filter_map(|_| self.look()).collect()
    }

    /// The next two looks tell `file`, and those after them nothing.
    fn tells_once(&mut self, file: PathBuf) {
        assert_eq!(self.look(), None, "in motion as far as one look can tell");
        assert_eq!(self.looks(30), [[file]]);
    }
}

#[test]
fn a_file_that_is_saved_is_told_once_when_it_has_come_to_rest() {
    let mut place = Place::with("a");
    assert_eq!(place.looks(3).len(), 0);
    fs::write(place.file(), "b").unwrap();
    place.tells_once(place.file());
}

#[test]
fn the_same_content_again_is_no_change() {
    let mut place = Place::with("a");
    fs::write(place.file(), "a").unwrap();
    fs::write(place.at("new"), "a").unwrap();
    fs::rename(place.at("new"), place.file()).unwrap();
    assert_eq!(place.looks(30).len(), 0);
}

#[test]
fn half_a_file_is_waited_for_while_it_grows() {
    let mut place = Place::with("a");
    for length in 2..20 {
        fs::write(place.file(), "a".repeat(length)).unwrap();
        assert_eq!(place.look(), None);
    }
    assert_eq!(place.looks(30).len(), 1);
}

#[test]
fn what_was_read_half_is_told_again_when_it_is_whole() {
    let mut place = Place::with("whole");
    fs::write(place.file(), "wh").unwrap();
    place.tells_once(place.file());
    fs::write(place.file(), "whole again").unwrap();
    place.tells_once(place.file());
}

#[test]
fn a_file_that_is_put_back_is_told_too() {
    let mut place = Place::with("good");
    fs::write(place.file(), "bad").unwrap();
    place.tells_once(place.file());
    fs::write(place.file(), "good").unwrap();
    place.tells_once(place.file());
}

#[test]
fn renaming_over_is_seen() {
    let mut place = Place::with("a");
    for content in ["b", "c"] {
        fs::write(place.at(".flow.yaml.swp"), content).unwrap();
        fs::rename(place.at(".flow.yaml.swp"), place.file()).unwrap();
        place.tells_once(place.file());
    }
}

#[test]
fn an_editor_that_makes_a_backup_first_is_seen() {
    let mut place = Place::with("a");
    fs::rename(place.file(), place.at("flow.yaml~")).unwrap();
    assert_eq!(place.look(), None);
    fs::write(place.file(), "b").unwrap();
    place.tells_once(place.file());
    fs::remove_file(place.at("flow.yaml~")).unwrap();
    assert_eq!(place.looks(30).len(), 0);
}

#[test]
fn gone_for_a_moment_is_no_change() {
    let mut place = Place::with("a");
    fs::remove_file(place.file()).unwrap();
    assert_eq!(place.looks(9).len(), 0);
    fs::write(place.file(), "a").unwrap();
    assert_eq!(place.looks(30).len(), 0);
}

#[test]
fn gone_for_good_is_told_once_and_so_is_the_return() {
    let mut place = Place::with("a");
    fs::remove_file(place.file()).unwrap();
    assert_eq!(place.looks(60), [[place.file()]]);
    fs::write(place.file(), "a").unwrap();
    place.tells_once(place.file());
}

#[test]
fn the_same_length_and_the_same_times_do_not_hide_a_change() {
    let mut place = Place::with("a");
    let times = fs::metadata(place.file()).unwrap().modified().unwrap();
    // Written and set back within one tick of the file system's clock, again and again.
    for content in ["b", "c", "d"] {
        fs::write(place.file(), content).unwrap();
        let file = fs::File::options().write(true).open(place.file()).unwrap();
        file.set_modified(times).unwrap();
        place.tells_once(place.file());
    }
}

#[test]
fn the_links_of_a_config_map_are_followed() {
    let mut place = Place::with("unused");
    for (version, content) in [("..1", "a"), ("..2", "b")] {
        fs::create_dir(place.at(version)).unwrap();
        fs::write(place.at(version).join("flow.yaml"), content).unwrap();
    }
    symlink("..1", place.at("..data")).unwrap();
    symlink("..data/flow.yaml", place.at("mounted.yaml")).unwrap();
    place.watch([place.at("mounted.yaml")]);
    assert_eq!(place.looks(3).len(), 0);
    // This is how the kubelet does it.
    symlink("..2", place.at("..data_tmp")).unwrap();
    fs::rename(place.at("..data_tmp"), place.at("..data")).unwrap();
    fs::remove_dir_all(place.at("..1")).unwrap();
    place.tells_once(place.at("mounted.yaml"));
}

#[test]
fn files_that_are_saved_together_are_one_change() {
    let mut place = Place::with("a");
    let plugin = place.at("plugin.wasm");
    fs::write(&plugin, "1").unwrap();
    place.watch([place.file(), plugin.clone()]);
    fs::write(place.file(), "b").unwrap();
    assert_eq!(place.look(), None);
    // The flow file is at rest, and the plugin is being copied.
    for length in 2..5 {
        fs::write(&plugin, "1".repeat(length)).unwrap();
        assert_eq!(place.look(), None);
    }
    assert_eq!(place.looks(30), [[place.file(), plugin]]);
}

#[test]
fn a_file_that_never_rests_holds_up_no_other() {
    let mut place = Place::with("a");
    let busy = place.at("busy");
    fs::write(&busy, "1").unwrap();
    place.watch([place.file(), busy.clone()]);
    fs::write(place.file(), "b").unwrap();
    let mut told = Vec::new();
    for length in 2..60 {
        fs::write(&busy, "1".repeat(length)).unwrap();
        told.extend(place.look());
    }
    assert_eq!(told, [[place.file()]]);
}

#[test]
fn a_file_that_appears_where_one_was_looked_for_is_told() {
    let mut place = Place::with("a");
    let nearer = place.at("plugins").join("roi.wasm");
    place.watch([place.file(), nearer.clone()]);
    assert_eq!(place.looks(30).len(), 0);
    fs::create_dir(place.at("plugins")).unwrap();
    fs::write(&nearer, "1").unwrap();
    place.tells_once(nearer);
}

#[test]
fn what_was_read_on_request_is_not_told_again() {
    let mut place = Place::with("a");
    fs::write(place.file(), "b").unwrap();
    place.watched.about_to_read(SystemTime::now());
    assert_eq!(place.looks(30).len(), 0);
}

#[test]
fn what_was_written_here_is_no_change_and_what_somebody_else_wrote_over_it_is() {
    let mut place = Place::with("a");
    fs::write(place.file(), "ours").unwrap();
    let file = place.file();
    place.watched.wrote(&file, "ours");
    assert_eq!(place.looks(30).len(), 0);
    place.watched.wrote(&file, "ours again");
    fs::write(place.file(), "theirs").unwrap();
    place.tells_once(place.file());
}

#[test]
fn what_may_have_changed_while_it_was_read_is_told() {
    let mut place = Place::with("a");
    let plugin = place.at("plugin.wasm");
    let began = SystemTime::now();
    fs::write(&plugin, "1").unwrap();
    let paths = BTreeSet::from([place.file(), plugin.clone()]);
    place.watched.watch(&paths, began);
    assert_eq!(place.looks(30), [[plugin]]);
}

#[test]
fn a_file_that_is_no_part_any_more_is_not_looked_at() {
    let mut place = Place::with("a");
    place.watch([]);
    fs::write(place.file(), "b").unwrap();
    assert_eq!(place.looks(30).len(), 0);
}

/// What ADR 0021 says of the price; run it with `--nocapture` to read it.
#[test]
fn a_look_at_fifty_files_is_cheap() {
    let mut place = Place::with("a");
    let paths: Vec<PathBuf> = (0..50).map(|n| place.at(&format!("{n}.yaml"))).collect();
    for path in &paths {
        fs::write(path, "x".repeat(4096)).unwrap();
    }
    place.watch(paths);
    let later = SystemTime::now() + Duration::from_secs(60);
    place.watched.look(later);
    let began = std::time::Instant::now();
    for _ in 0..100 {
        assert_eq!(place.watched.look(later), None);
    }
    let each = began.elapsed() / 100;
    eprintln!("a look at 50 files: {each:?}");
    assert!(each < Duration::from_millis(20), "{each:?}");
}

#[test]
fn a_folder_is_told_when_a_file_comes_or_goes_and_not_for_what_editors_leave() {
    let mut place = Place::with("a");
    let folder = place.at("cameras");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("gate.yaml"), "a").unwrap();
    place.watch([folder.clone()]);
    assert_eq!(place.looks(3).len(), 0);
    fs::write(folder.join("gate.yaml"), "b").unwrap();
    fs::write(folder.join(".gate.yaml.swp"), "b").unwrap();
    assert_eq!(place.looks(30).len(), 0);
    fs::write(folder.join("back.yaml"), "a").unwrap();
    place.tells_once(folder.clone());
    fs::remove_file(folder.join("gate.yaml")).unwrap();
    place.tells_once(folder);
}
