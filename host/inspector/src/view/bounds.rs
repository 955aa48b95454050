//! The bounds of what is sent, where the document says them and where they are kept: one place
//! for both, so that neither promises what the other does not hold.

use serde::Deserialize;
use serde::de::{Deserializer, Error};
use utoipa::openapi::schema::{Array, ArrayBuilder, ObjectBuilder, Type};

/// Corners of a zone: at least three, each with two fractions of the frame.
pub(super) fn corners() -> Array {
    ArrayBuilder::new()
        .items(fractions(2))
        .min_items(Some(3))
        .description(Some(
            "Corners in order, as fractions of the frame from the left and the top.",
        ))
        .examples([serde_json::json!([[0.1, 0.2], [0.9, 0.2], [0.5, 0.8]])])
        .build()
}

/// Left, top, width and height.
pub(super) fn place() -> Array {
    fractions(4)
        .description(Some(
            "Left, top, width and height as fractions of the frame.",
        ))
        .examples([serde_json::json!([0.41, 0.22, 0.08, 0.31])])
        .build()
}

fn fractions(count: usize) -> ArrayBuilder {
    let fraction = ObjectBuilder::new()
        .schema_type(Type::Number)
        .minimum(Some(0))
        .maximum(Some(1));
    ArrayBuilder::new()
        .items(fraction)
        .min_items(Some(count))
        .max_items(Some(count))
}

/// Names of classes: one at least.
pub(super) fn classes() -> Array {
    let class = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1));
    ArrayBuilder::new()
        .items(class)
        .min_items(Some(1))
        .max_items(Some(1000))
        .description(Some("What raises an alert."))
        .examples([serde_json::json!(["person"])])
        .build()
}

/// A text of at most so many characters.
pub(crate) fn text<'de, const MOST: usize, D: Deserializer<'de>>(
    given: D,
) -> Result<String, D::Error> {
    let given = String::deserialize(given)?;
    let is_longer = given.chars().nth(MOST).is_some();
    let wrong = || D::Error::custom(format!("a text of more than {MOST} characters"));
    if is_longer { Err(wrong()) } else { Ok(given) }
}

/// A text of at most so many characters, where one is given.
pub(super) fn at_most<'de, const MOST: usize, D: Deserializer<'de>>(
    given: D,
) -> Result<Option<String>, D::Error> {
    let given = Option::<Text<MOST>>::deserialize(given)?;
    Ok(given.map(|Text(text)| text))
}

struct Text<const MOST: usize>(String);

impl<'de, const MOST: usize> Deserialize<'de> for Text<MOST> {
    fn deserialize<D: Deserializer<'de>>(given: D) -> Result<Self, D::Error> {
        text::<MOST, D>(given).map(Self)
    }
}
