//! One kind of change a test.

use std::path::PathBuf;

use agave_store::Store;

use super::field::Field;

/// A flow of two cameras; each part can be another.
#[derive(Clone)]
pub(super) struct Draft {
    pub(super) cameras: Vec<&'static str>,
    /// The right edge of the zone.
    pub(super) zone: f32,
    pub(super) every: u64,
    pub(super) label: String,
    pub(super) ballast: String,
    pub(super) tracked: bool,
    pub(super) trap_at: Option<u64>,
    pub(super) model: PathBuf,
    /// Whatever else stands under `nodes`.
    pub(super) more: String,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            cameras: vec!["a", "b"],
            zone: 0.9,
            every: 1,
            label: "first".to_owned(),
            ballast: "first".to_owned(),
            tracked: false,
            trap_at: None,
            model: agave_tests::repository().join("models/yolov8n_pina/1/model.onnx"),
            more: String::new(),
        }
    }
}

impl Draft {
    pub(super) fn text(&self) -> String {
        let Self {
            zone,
            model,
            every,
            label,
            ballast,
            more,
            ..
        } = self;
        let cameras: String = self
            .cameras
            .iter()
            .map(|name| {
                format!(
                    "  {name}:\n    url: \"rtsp://127.0.0.1:9/{name}\"\n    zones:\n      yard: \
                     [[0.1, 0.1], [{zone}, 0.1], [{zone}, 0.9], [0.1, 0.9]]\n"
                )
            })
            .collect();
        let (tracked, before) = match self.tracked {
            true => ("  tracked: { plugin: track, from: zoned }\n", "tracked"),
            false => ("", "zoned"),
        };
        let trap = self
            .trap_at
            .map_or_else(String::new, |at| format!(", trap_at: {at}"));
        format!(
            "version: 1\nname: storm\nmodels:\n  pina: {{ path: {} }}\ncameras:\n{cameras}nodes:\n  \
             detect: {{ infer: pina, from: cameras }}\n  zoned: {{ plugin: roi, from: detect }}\n\
             {tracked}  heavy: {{ plugin: ballast, from: {before}, config: {{ kib: 36, strict: \
             true, label: {ballast} }} }}\n  count: {{ plugin: sequence, from: heavy, config: {{ \
             every: {every}, label: {label}{trap} }} }}\n{more}",
            model.display()
        )
    }
}

fn feed(field: &Field, camera: &str, frames: std::ops::Range<u64>) {
    frames.for_each(|frame| field.feed(camera, frame));
}

/// Each frame once, in order, and the rule counted each.
pub(super) fn assert_whole(told: &[(u64, u64, String)], frames: u64) {
    let numbers: Vec<(u64, u64)> = told
        .iter()
        .map(|(frame, count, _)| (*frame, *count))
        .collect();
    let expected: Vec<(u64, u64)> = (0..frames).map(|frame| (frame, frame + 1)).collect();
    let wrong = numbers
        .iter()
        .zip(&expected)
        .find(|(one, other)| one != other);
    assert_eq!(wrong, None, "got, expected");
    assert_eq!(numbers.len(), expected.len());
}

#[test]
fn another_configuration_keeps_the_state_and_the_rest_of_the_flow() {
    let field = Field::start(&Draft::default().text());
    feed(&field, "a", 0..10);
    let second = Draft {
        label: "second".to_owned(),
        ..Draft::default()
    };
    field.reload(&second.text()).unwrap();
    feed(&field, "a", 10..20);
    let labels: Vec<String> = field.told("a").into_iter().map(|note| note.2).collect();
    assert_eq!(labels[9..11], ["first", "second"]);
    let (told, summary) = field.stop();
    assert_whole(&told["a"], 20);
    assert_eq!(summary.unbalanced, [""; 0]);
}

#[test]
fn a_comment_changes_nothing() {
    let draft = Draft::default().text();
    let field = Field::start(&draft);
    feed(&field, "a", 0..3);
    field.reload(&format!("# words\n{draft}")).unwrap();
    feed(&field, "a", 3..6);
    let (told, summary) = field.stop();
    assert_whole(&told["a"], 6);
    // Not even a pause.
    assert_eq!(summary.json["latencies_ms"]["changes"]["max"], 0.0);
}

#[test]
fn what_cannot_run_does_not_get_to() {
    let field = Field::start(&Draft::default().text());
    feed(&field, "a", 0..40);
    let refused = |draft: Draft, part: &str| {
        let error = field.reload(&draft.text()).unwrap_err();
        assert!(error.contains(part), "{error}");
    };
    refused(
        Draft {
            every: 0,
            ..Draft::default()
        },
        "at least 1",
    );
    refused(
        Draft {
            trap_at: Some(0),
            ..Draft::default()
        },
        "node 'count', camera 'a': tried on what the camera saw last, the plugin trapped",
    );
    refused(
        Draft {
            zone: 0.1,
            ..Draft::default()
        },
        "zone",
    );
    std::fs::write(field.plugin("sequence"), b"no component").unwrap();
    refused(Draft::default(), "sequence");
    feed(&field, "a", 40..50);
    let (told, summary) = field.stop();
    assert_whole(&told["a"], 50);
    assert_eq!(summary.unbalanced, [""; 0]);
}

#[test]
fn a_new_version_that_fails_soon_is_taken_back_and_its_frame_is_not_lost() {
    let field = Field::start(&Draft::default().text());
    feed(&field, "a", 0..10);
    let late = Draft {
        label: "late".to_owned(),
        // The trial sees ten frames.
        trap_at: Some(25),
        ..Draft::default()
    };
    field.reload(&late.text()).unwrap();
    feed(&field, "a", 10..50);
    let told = field.told("a");
    assert_eq!(told[24].2, "late");
    assert_eq!(told[25].2, "first");
    let (told, summary) = field.stop();
    assert_whole(&told["a"], 50);
    assert_eq!(summary.unbalanced, [""; 0]);
}

#[test]
fn nodes_and_cameras_come_and_go() {
    let field = Field::start(&Draft::default().text());
    feed(&field, "a", 0..10);
    feed(&field, "b", 0..5);
    let other = Draft {
        cameras: vec!["c", "a"],
        tracked: true,
        more: "  calm: { plugin: debounce, from: count }\n".to_owned(),
        ..Draft::default()
    };
    field.reload(&other.text()).unwrap();
    feed(&field, "a", 10..20);
    feed(&field, "c", 0..7);
    assert!(!super::field::feed(field.live(), "b", 5));
    field.reload(&Draft::default().text()).unwrap();
    feed(&field, "a", 20..30);
    // Another camera of the same name begins anew.
    feed(&field, "b", 0..4);
    let (told, summary) = field.stop();
    assert_whole(&told["a"], 30);
    assert_whole(&told["c"], 7);
    assert_eq!(told["b"].len(), 9);
    assert_eq!(summary.unbalanced, [""; 0]);
    assert_eq!(summary.json["cameras"]["c"]["health"], "removed");
    assert_eq!(summary.json["nodes"]["count"]["in"], 30 + 7 + 9);
}

#[test]
fn a_replaced_plugin_goes_on_where_the_one_before_was() {
    let field = Field::start(&Draft::default().text());
    feed(&field, "a", 0..10);
    super::storm::replace(&field.plugin("sequence"), 1);
    super::storm::replace(&field.plugin("ballast"), 1);
    field.reload(&Draft::default().text()).unwrap();
    feed(&field, "a", 10..20);
    let (told, summary) = field.stop();
    assert_whole(&told["a"], 20);
    assert_ne!(summary.json["latencies_ms"]["changes"]["max"], 0.0);
}

/// Frames come at ten a second, on 14 November 2023 (a Tuesday) from 22:13:20 UTC.
#[test]
fn an_adapter_that_could_not_take_over_is_tried_again() {
    let draft = |plugin: &str, config: &str| Draft {
        more: format!(
            "  out: {{ plugin: {plugin}, from: count, config: {config}, allow: {{ http: \
             [\"http://127.0.0.1:9\"] }} }}\n"
        ),
        ..Draft::default()
    };
    let webhook = draft("webhook", "{ url: \"http://127.0.0.1:9/\" }");
    let field = Field::start(&webhook.text());
    // It does not read what the other one remembers.
    let other = draft("hikvision", "{ push: { url: \"http://127.0.0.1:9/\" } }");
    field.reload(&other.text()).unwrap();
    let trouble = field.trouble("out");
    assert!(trouble.contains("the one before goes on"), "{trouble}");
    assert!(field.would_start_again("out", &other.text()));
    // Back again is what runs.
    field.reload(&webhook.text()).unwrap();
    field.until_no_trouble("out");
    assert!(!field.would_start_again("out", &webhook.text()));
    field.stop();
}

#[test]
fn outside_of_its_hours_a_rule_sees_nothing() {
    let at = |hours: &str| {
        let draft = Draft::default().text();
        draft.replace("count: {", &format!("count: {{ active: \"{hours}\","))
    };
    let field = Field::start(&at("Tue 22:00-23:00"));
    feed(&field, "a", 0..10);
    assert_eq!(field.told("a").len(), 10);
    field
        .reload(&at("Mon 00:00-24:00, Tue 00:00-22:00"))
        .unwrap();
    feed(&field, "a", 10..20);
    assert_eq!(field.told("a").len(), 10);
    field.reload(&at("Tue 22:00-23:00")).unwrap();
    feed(&field, "a", 20..30);
    let (told, summary) = field.stop();
    // It has counted the frames in which it saw nothing.
    assert_eq!(
        told["a"].last().map(|note| (note.0, note.1)),
        Some((29, 30))
    );
    assert_eq!(told["a"].len(), 20);
    assert_eq!(summary.unbalanced, [""; 0]);
}

#[test]
fn a_rule_for_several_cameras_is_one_and_keeps_its_state() {
    let crowd = |more_than: u32| Draft {
        more: format!(
            "  many: {{ plugin: crowd, partition: none, from: heavy, config: {{ more-than: \
             {more_than}, after: 1s }} }}\n"
        ),
        ..Draft::default()
    };
    let field = Field::start(&crowd(1).text());
    let began = |field: &Field| {
        let both = field.told("a").into_iter().chain(field.told("b"));
        // Those of the other rule have a label.
        both.filter(|note| note.2.is_empty()).count()
    };
    // One on each camera: none alone has more than one.
    feed(&field, "a", 0..15);
    assert_eq!(began(&field), 0);
    (15..30).for_each(|frame| {
        field.feed("a", frame);
        field.feed("b", frame);
    });
    assert_eq!(began(&field), 1);
    // Another setting, and it still knows of the incident.
    let other = crowd(1).text().replace("after: 1s", "after: 500ms");
    field.reload(&other).unwrap();
    (30..45).for_each(|frame| {
        field.feed("a", frame);
        field.feed("b", frame);
    });
    assert_eq!(began(&field), 1);
    let (_, summary) = field.stop();
    assert_eq!(summary.unbalanced, [""; 0]);
    assert_eq!(summary.json["nodes"]["many"]["in"], 45 + 30);
}

/// The same flow with a model whose class numbers mean something else.
fn of_another_model() -> Option<Draft> {
    Some(Draft {
        model: agave_tests::test_data()?.join("yolox_nano.onnx"),
        ..Draft::default()
    })
}

#[test]
fn with_other_classes_what_nodes_know_is_forgotten() {
    let Some(other) = of_another_model() else {
        return;
    };
    let field = Field::start(&Draft::default().text());
    feed(&field, "a", 0..10);
    field.reload(&other.text()).unwrap();
    feed(&field, "a", 10..13);
    let counts: Vec<u64> = field.told("a").iter().map(|note| note.1).collect();
    assert_eq!(counts[8..], [9, 10, 1, 2, 3]);
    assert_eq!(field.stop().1.unbalanced, [""; 0]);
}

#[test]
fn with_other_classes_after_a_restart_what_nodes_knew_is_forgotten() {
    let Some(other) = of_another_model() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let run = |draft: &Draft, frames| {
        let store = Store::open(folder.path()).unwrap();
        let field = Field::start_on(store, &draft.text());
        feed(&field, "a", frames);
        let told = field.stop().0.remove("a").unwrap_or_default();
        told.iter().map(|note| note.1).collect::<Vec<u64>>()
    };
    assert_eq!(run(&Draft::default(), 0..2), [1, 2]);
    assert_eq!(run(&Draft::default(), 2..4), [3, 4]);
    assert_eq!(run(&other, 4..6), [1, 2]);
}
