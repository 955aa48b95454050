//! The last picture of each camera, in each form in which somebody wanted it: so many pages that
//! look at the same cost one encoding.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use agave_core::Mark;
use agave_inspector::Refusal;
use agave_inspector::system::{Jpeg, PictureWanted};

/// All of them together. Those that nobody has asked for lately make room.
const MOST_BYTES: usize = 64 << 20;
/// However small they are.
const MOST: usize = 4096;

/// A camera, and how it is wanted.
type Form = (String, PictureWanted);

#[derive(Default)]
pub(super) struct Pictures(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    forms: HashMap<Form, Place>,
    bytes: usize,
    /// Counts questions.
    now: u64,
}

#[derive(Default)]
struct Place {
    /// Who draws has it, and others who want the same wait.
    drawn: Arc<Mutex<Option<Drawn>>>,
    bytes: usize,
    wanted_at: u64,
}

struct Drawn {
    of: Subject,
    jpeg: Jpeg,
}

/// What is in a picture.
#[derive(Clone, PartialEq)]
pub(super) struct Subject {
    pub(super) frame: u64,
    pub(super) marks: Vec<Mark>,
}

impl Pictures {
    /// The picture of `subject` in this form: that which is there, or what `draw` makes.
    pub(super) fn of(
        &self,
        camera: &str,
        wanted: PictureWanted,
        subject: &Subject,
        draw: impl FnOnce() -> Result<Jpeg, Refusal>,
    ) -> Result<Jpeg, Refusal> {
        let form = (camera.to_owned(), wanted);
        let place = self.place(&form);
        let mut drawn = place.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = drawn.as_ref().filter(|known| known.of == *subject) {
            return Ok(known.jpeg.clone());
        }
        let jpeg = draw()?;
        let bytes = jpeg.data.len();
        *drawn = Some(Drawn {
            of: subject.clone(),
            jpeg: jpeg.clone(),
        });
        drop(drawn);
        self.kept().weigh(&form, bytes);
        Ok(jpeg)
    }

    fn place(&self, form: &Form) -> Arc<Mutex<Option<Drawn>>> {
        let mut kept = self.kept();
        kept.now += 1;
        let now = kept.now;
        let place = kept.forms.entry(form.clone()).or_default();
        place.wanted_at = now;
        let drawn = Arc::clone(&place.drawn);
        // Also where there will never be a picture.
        kept.make_room();
        drawn
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Notes how large a picture is, and lets go of others until all have room.
    fn weigh(&mut self, form: &Form, bytes: usize) {
        if let Some(place) = self.forms.get_mut(form) {
            self.bytes = self.bytes - place.bytes + bytes;
            place.bytes = bytes;
        }
        self.make_room();
    }

    fn make_room(&mut self) {
        while self.bytes > MOST_BYTES || self.forms.len() > MOST {
            let oldest = self.forms.iter().min_by_key(|(_, place)| place.wanted_at);
            let Some(oldest) = oldest.map(|(form, _)| form.clone()) else {
                return;
            };
            if let Some(gone) = self.forms.remove(&oldest) {
                self.bytes = self.bytes.saturating_sub(gone.bytes);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use agave_inspector::system::Boxes;

    use super::*;

    const SMALL: PictureWanted = PictureWanted {
        most_pixels: 320,
        boxes: Boxes::All,
    };

    fn subject(frame: u64) -> Subject {
        Subject {
            frame,
            marks: Vec::new(),
        }
    }

    fn jpeg(bytes: usize) -> Jpeg {
        Jpeg {
            data: vec![0; bytes].into(),
            frame: 1,
            ts: String::new(),
        }
    }

    #[test]
    fn twenty_pages_cost_one_encoding() {
        let (pictures, drawn) = (Pictures::default(), AtomicU64::new(0));
        let draw = || {
            drawn.fetch_add(1, Ordering::Relaxed);
            Ok(jpeg(10))
        };
        let look = |frame| pictures.of("gate", SMALL, &subject(frame), draw).map(drop);
        std::thread::scope(|scope| {
            for _ in 0..20 {
                scope.spawn(|| look(1).unwrap());
            }
        });
        assert_eq!(drawn.load(Ordering::Relaxed), 1);
        look(2).unwrap();
        assert_eq!(drawn.load(Ordering::Relaxed), 2, "another frame");
        let large = PictureWanted {
            most_pixels: 640,
            ..SMALL
        };
        pictures.of("gate", large, &subject(2), draw).unwrap();
        pictures.of("door", SMALL, &subject(2), draw).unwrap();
        assert_eq!(drawn.load(Ordering::Relaxed), 4, "another form and camera");
    }

    #[test]
    fn what_nobody_wants_any_more_makes_room() {
        let pictures = Pictures::default();
        for most_pixels in 0..200 {
            let form = PictureWanted {
                most_pixels,
                ..SMALL
            };
            let large = || Ok(jpeg(1 << 20));
            pictures.of("gate", form, &subject(1), large).unwrap();
        }
        let kept = pictures.kept();
        assert_eq!(kept.bytes, MOST_BYTES);
        assert_eq!(kept.forms.len(), MOST_BYTES >> 20);
        assert!(kept.forms.keys().all(|(_, form)| form.most_pixels >= 136));
    }

    #[test]
    fn pictures_that_there_never_are_make_room_too() {
        let pictures = Pictures::default();
        for number in 0..MOST + 10 {
            let none = || Err(Refusal::NotFound("none".to_owned()));
            let camera = number.to_string();
            assert!(pictures.of(&camera, SMALL, &subject(1), none).is_err());
        }
        assert_eq!(pictures.kept().forms.len(), MOST);
    }
}
