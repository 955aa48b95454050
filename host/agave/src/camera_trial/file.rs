//! What a path leads to, before anybody tries to see pictures in it.

use std::fs;
use std::path::Path;

use agave_inspector::view::CameraTrouble;

use super::advice::{a_recording, no_file};
use crate::recording;

/// That there may be pictures in `file`. What is no file, such as a pipe, would have to be waited
/// for, and a recording has none.
pub(super) fn expect_pictures(file: &Path) -> Result<(), CameraTrouble> {
    // What is not there is said by who reads it.
    if fs::metadata(file).is_ok_and(|there| !there.is_file()) {
        return Err(no_file("it is no file, but a folder, a pipe or a device"));
    }
    if !agave_flow::is_recording(&file.to_string_lossy()) {
        return Ok(());
    }
    match recording::Opening::of(file) {
        Ok(recording::Opening { header, .. }) => {
            let cameras = header.cameras.iter().map(|camera| camera.name.as_str());
            let models = header.models.iter().map(|model| model.name.as_str());
            let (cameras, models): (Vec<_>, Vec<_>) = (cameras.collect(), models.collect());
            Err(a_recording(&cameras, &models))
        }
        Err(error) => Err(no_file(&error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use agave_inspector::view::TroubleKind;

    use super::*;
    use crate::recording::tests::without_frames;

    #[test]
    fn a_pipe_is_not_waited_for_and_a_recording_is_known_for_one() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(
            Command::new("mkfifo")
                .arg(&pipe)
                .status()
                .unwrap()
                .success()
        );
        let recording = folder.path().join("yard.agrec");
        let damaged = folder.path().join("damaged.agrec");
        fs::write(&damaged, "not a recording").unwrap();
        let header = without_frames(&recording);
        for (file, kind) in [
            (pipe.as_path(), TroubleKind::File),
            (folder.path(), TroubleKind::File),
            (&damaged, TroubleKind::File),
            (&recording, TroubleKind::Recording),
        ] {
            let trouble = expect_pictures(file).unwrap_err();
            assert_eq!(trouble.kind, kind, "{trouble:?}");
        }
        let said = expect_pictures(&recording).unwrap_err().said;
        for camera in &header.cameras {
            assert!(said.contains(&camera.name), "{said}");
        }
        assert!(expect_pictures(Path::new("nowhere.mp4")).is_ok());
    }
}
