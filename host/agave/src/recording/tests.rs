use agave_core::{BoundingBox, Detection};

use super::reader::ReadError;
use super::*;

pub(super) fn header() -> Header {
    let model = |name: &str, classes: &[&str]| ModelEntry {
        name: name.to_owned(),
        classes: classes.iter().map(|&class| class.to_owned()).collect(),
    };
    let camera = |name: &str, models: &[usize]| CameraEntry {
        name: name.to_owned(),
        models: models.to_vec(),
    };
    Header {
        models: vec![
            model("pina", &["piña", "worker"]),
            model("coco", &["person"]),
        ],
        cameras: vec![camera("gate", &[0]), camera("yard", &[1, 0])],
    }
}

/// Writes a recording in which the cameras of [`header`] saw nothing.
pub(crate) fn without_frames(file: &Path) -> Header {
    let writer = Writer::new(File::create(file).unwrap(), &header());
    writer.unwrap().finish().unwrap();
    header()
}

/// Numbers that follow from `seed` and look as if they did not.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 16
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

/// A frame of `camera` that follows from its number.
pub(super) fn frame(camera: usize, number: u64) -> Frame {
    let mut numbers = Numbers(number * 2 + camera as u64);
    let header = header();
    let models = &header.cameras[camera].models;
    let detections = models
        .iter()
        .map(|&model| {
            let count = numbers.below(7).checked_sub(1)?;
            let classes = header.models[model].classes.len() as u64;
            Some(
                (0..count)
                    .map(|_| detection(&mut numbers, classes))
                    .collect(),
            )
        })
        .collect();
    Frame {
        camera,
        number,
        at: Timestamp(1_767_225_600_000_000_000 + number * 200_000_000 + numbers.below(1000)),
        media_time: Duration::from_nanos(number * 200_000_000),
        size: if number < 50 { (1280, 720) } else { (640, 360) },
        detections,
    }
}

fn detection(numbers: &mut Numbers, classes: u64) -> Detection {
    let mut float = || f32::from_bits(numbers.next() as u32);
    let (confidence, left, top, width, height) = (float(), float(), float(), float(), float());
    Detection {
        id: 0,
        class: numbers.below(classes) as u16,
        confidence,
        bbox: BoundingBox {
            left,
            top,
            width,
            height,
        },
        track: None,
        zones: 0,
    }
}

fn records(count: u64) -> Vec<Record> {
    (0..count)
        .map(|number| match number % 40 {
            39 => Record::Lost {
                camera: 1,
                frames: number,
            },
            _ => Record::Frame(frame(number as usize % 2, number)),
        })
        .collect()
}

fn written(records: &[Record]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), &header()).unwrap();
    for (index, record) in records.iter().enumerate() {
        writer.add(record).unwrap();
        if index % 100 == 99 {
            writer.flush().unwrap();
        }
    }
    writer.finish().unwrap()
}

/// Everything that can be read, and how it ended.
fn read(bytes: &[u8]) -> (Vec<Record>, Result<Option<Ending>, ReadError>) {
    let mut reader = match Reader::new(bytes) {
        Ok(reader) => reader,
        Err(error) => return (Vec::new(), Err(error)),
    };
    let mut records = Vec::new();
    for record in reader.by_ref() {
        match record {
            Ok(record) => records.push(record),
            Err(error) => return (records, Err(error)),
        }
    }
    (records, Ok(reader.ending()))
}

/// Floats bit by bit: not every float equals itself.
fn exactly(records: &[Record]) -> String {
    let bits = |detection: &Detection| {
        let bbox = &detection.bbox;
        let floats = [
            detection.confidence,
            bbox.left,
            bbox.top,
            bbox.width,
            bbox.height,
        ];
        (detection.class, floats.map(f32::to_bits))
    };
    let mut text = String::new();
    for record in records {
        match record {
            Record::Lost { .. } => text.push_str(&format!("{record:?}\n")),
            Record::Frame(frame) => {
                let seen: Vec<Option<Vec<_>>> = frame
                    .detections
                    .iter()
                    .map(|seen| seen.as_ref().map(|seen| seen.iter().map(bits).collect()))
                    .collect();
                text.push_str(&format!(
                    "{} {} {} {:?} {:?} {seen:?}\n",
                    frame.camera, frame.number, frame.at.0, frame.media_time, frame.size
                ));
            }
        }
    }
    text
}

#[test]
fn what_is_written_is_read_bit_by_bit() {
    let records = records(5000);
    let bytes = written(&records);
    let reader = Reader::new(bytes.as_slice()).unwrap();
    assert_eq!(*reader.header(), header());
    let (got, ending) = read(&bytes);
    assert_eq!(ending.unwrap(), Some(Ending::Whole));
    assert!(exactly(&got) == exactly(&records));
}

#[test]
fn a_recording_without_a_frame_is_one() {
    let (got, ending) = read(&written(&[]));
    assert!(got.is_empty());
    assert_eq!(ending.unwrap(), Some(Ending::Whole));
}

#[test]
fn an_empty_frame_takes_little() {
    let still = |number| {
        Record::Frame(Frame {
            at: Timestamp(1_767_225_600_000_000_000 + number * 200_000_000),
            detections: vec![Some(Vec::new())],
            ..frame(0, number)
        })
    };
    let records: Vec<Record> = (100..1100).map(still).collect();
    let bytes = written(&records);
    assert!(bytes.len() < 20 * records.len(), "{}", bytes.len());
}

#[test]
fn a_file_that_was_cut_off_is_read_up_to_its_last_block() {
    let records = records(220);
    let bytes = written(&records);
    let all = exactly(&records);
    let mut most = 0;
    let lengths = (0..400)
        .chain((400..bytes.len()).step_by(17))
        .chain([bytes.len() - 1]);
    for length in lengths {
        let (got, ending) = read(&bytes[..length]);
        assert!(all.starts_with(&exactly(&got)));
        assert!(got.len() >= most, "more of the file is more records");
        most = got.len();
        match ending {
            Ok(Some(Ending::CutOff { at })) => assert!(at <= length as u64),
            Err(ReadError::NotARecording) => assert!(length < 10),
            Err(ReadError::Damaged { at: 10, .. }) => assert!(got.is_empty() && length < 100),
            other => panic!("{length}: {other:?}"),
        }
    }
    assert_eq!(most, records.len());
}

#[test]
fn zeros_after_a_crash_are_no_damage() {
    let records = records(300);
    let whole = written(&records);
    // Without the block that says that it is the end.
    let end = whole
        .windows(5)
        .rposition(|five| five[0] == 3 && five[2..] == [0; 3])
        .unwrap();
    let mut bytes = whole[..end].to_vec();
    bytes.extend([0; 5000]);
    let (got, ending) = read(&bytes);
    assert_eq!(got.len(), records.len());
    assert_eq!(ending.unwrap(), Some(Ending::CutOff { at: end as u64 }));
}

#[test]
fn damage_is_found_and_said_with_its_place() {
    let records = records(400);
    let bytes = written(&records);
    let all = exactly(&records);
    let mut numbers = Numbers(7);
    for _ in 0..3000 {
        let mut damaged = bytes.clone();
        let at = numbers.below(bytes.len() as u64) as usize;
        damaged[at] ^= 1 + numbers.below(255) as u8;
        let (got, ending) = read(&damaged);
        assert!(all.starts_with(&exactly(&got)), "nothing wrong is read");
        match ending {
            // A length that is larger than the file looks like a file that was cut off.
            Ok(ending) => {
                assert!(matches!(ending, Some(Ending::CutOff { at: good }) if good <= at as u64))
            }
            Err(error) => {
                let said = error.to_string();
                assert!(said.contains("byte "), "{said}");
            }
        }
    }
}

#[test]
fn blocks_with_a_right_checksum_and_wrong_contents_end_nothing() {
    let mut numbers = Numbers(11);
    for _ in 0..20_000 {
        let mut bytes = written(&[]);
        let end = bytes.len() - 11;
        bytes.truncate(end);
        let payload: Vec<u8> = (0..numbers.below(60))
            .map(|_| numbers.below(256) as u8)
            .collect();
        let mut head = vec![1 + numbers.below(3) as u8];
        head.extend((payload.len() as u32).to_le_bytes());
        let sum = checksum::crc32(&[&head, &payload]);
        bytes.extend(head);
        bytes.extend(sum.to_le_bytes());
        bytes.extend(payload);
        let (_, ending) = read(&bytes);
        if let Err(error) = ending {
            assert!(error.to_string().contains("byte "), "{error}");
        }
    }
}

#[test]
fn what_is_no_recording_is_refused_in_words() {
    let said = |bytes: &[u8]| read(bytes).1.unwrap_err().to_string();
    assert!(said(b"").contains("this is not a recording"));
    assert!(said(b"version: 1\nname: demo\n").contains("this is not a recording"));
    let mut newer = written(&[]);
    newer[8] = 9;
    assert!(said(&newer).contains("byte 8: this is version 9"));
    let mut longer = written(&[]);
    let end = longer.len();
    longer.push(0);
    assert_eq!(
        said(&longer),
        format!("byte {end}: something follows the recording's end")
    );
}
