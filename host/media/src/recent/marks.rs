//! Boxes on a picture, each in the colour of its class and with a label: so that whoever gets an
//! alert sees at a glance what it is about.

use agave_core::{BoundingBox, Mark};
use noto_sans_mono_bitmap::{
    FontWeight, RasterHeight, RasterizedChar, get_raster, get_raster_width,
};

use super::image::{Colour, Image};

/// After Okabe and Ito: most people who see few colours can tell them apart, too.
const COLOURS: [Colour; 7] = [
    [230, 159, 0],
    [86, 180, 233],
    [0, 158, 115],
    [240, 228, 66],
    [0, 114, 178],
    [213, 94, 0],
    [204, 121, 167],
];
const WHITE: Colour = [255; 3];
const BLACK: Colour = [0; 3];

/// A line has one pixel for so many of the picture's longest side.
const PIXELS_A_LINE_PIXEL: u32 = 320;
const THINNEST_LINE: u32 = 2;
const THICKEST_LINE: u32 = 8;
/// In a smaller picture a label would hide what it is about.
const LEAST_PIXELS_WITH_LABEL: u32 = 160;
/// Beside the letters of a label.
const MARGIN: i64 = 3;

/// Draws `marks`, whose places are fractions of the frame, on a picture of the part `window` of
/// the frame. What is outside of the picture is cut off.
pub(super) fn draw(image: &mut Image, window: BoundingBox, marks: &[Mark]) {
    let longest = image.width().max(image.height());
    let line = (longest / PIXELS_A_LINE_PIXEL).clamp(THINNEST_LINE, THICKEST_LINE);
    for mark in marks {
        let Some(place) = place(image, window, mark.bbox) else {
            continue;
        };
        let colour = mark.colour.unwrap_or_else(|| colour_of(&mark.class));
        outline(image, place, i64::from(line), colour);
        if longest >= LEAST_PIXELS_WITH_LABEL && !mark.label.is_empty() {
            label(image, place, &mark.label, colour);
        }
    }
}

/// The colour of a class: the same wherever it is seen.
fn colour_of(class: &str) -> Colour {
    // FNV-1a.
    let number = class.bytes().fold(0x811c_9dc5_u32, |number, byte| {
        (number ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    let index = number as usize % COLOURS.len();
    COLOURS.get(index).copied().unwrap_or(WHITE)
}

/// Left, top, right and bottom in pixels; nothing if the box has no place in the picture.
#[allow(
    clippy::cast_possible_truncation,
    reason = "a conversion from a float saturates"
)]
fn place(image: &Image, window: BoundingBox, bbox: BoundingBox) -> Option<[i64; 4]> {
    let pixel = |fraction: f32, from: f32, whole: f32, side: u32| {
        (f64::from(fraction - from) / f64::from(whole) * f64::from(side)).round()
    };
    let across = |x| pixel(x, window.left, window.width, image.width());
    let down = |y| pixel(y, window.top, window.height, image.height());
    let edges = [
        across(bbox.left),
        down(bbox.top),
        across(bbox.left + bbox.width),
        down(bbox.top + bbox.height),
    ];
    if !edges.iter().all(|edge| edge.is_finite()) {
        return None;
    }
    // Far outside is as good as outside, and sums of these stay small.
    let [left, top, right, bottom] = edges.map(|edge| edge.clamp(-1e6, 1e6) as i64);
    let (width, height) = (i64::from(image.width()), i64::from(image.height()));
    let is_seen = left < width && top < height && right > 0 && bottom > 0;
    (is_seen && left <= right && top <= bottom).then_some([left, top, right, bottom])
}

/// Lines of this width along the inside of the edges.
fn outline(image: &mut Image, [left, top, right, bottom]: [i64; 4], line: i64, colour: Colour) {
    // Even of a box that is smaller than its lines something is to be seen.
    let (right, bottom) = (right.max(left + line), bottom.max(top + line));
    for edge in [
        [left, top, right, top + line],
        [left, bottom - line, right, bottom],
        [left, top, left + line, bottom],
        [right - line, top, right, bottom],
    ] {
        image.fill(edge, colour);
    }
}

/// Letters on a ground of the box's colour: above the box, or in it where there is no room.
fn label(image: &mut Image, [left, top, ..]: [i64; 4], text: &str, ground: Colour) {
    let size = letter_size(image.width().max(image.height()));
    let (advance, line_height) = (get_raster_width(FontWeight::Bold, size), size.val());
    let pixels = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let (advance, line_height) = (pixels(advance), pixels(line_height));
    let room = (i64::from(image.width()) - 2 * MARGIN) / advance.max(1);
    let letters: Vec<char> = text
        .chars()
        .take(usize::try_from(room).unwrap_or(0))
        .collect();
    let width = pixels(letters.len()) * advance + 2 * MARGIN;
    let left = left.min(i64::from(image.width()) - width).max(0);
    let top = if top >= line_height {
        top - line_height
    } else {
        top.max(0)
    };
    image.fill([left, top, left + width, top + line_height], ground);
    let ink = readable_on(ground);
    for (place, letter) in (0..).zip(letters) {
        if let Some(raster) = raster(letter, size) {
            let x = left + MARGIN + place * advance;
            write(image, x, top, &raster, ink);
        }
    }
}

fn write(image: &mut Image, left: i64, top: i64, letter: &RasterizedChar, ink: Colour) {
    for (y, row) in (top..).zip(letter.rows()) {
        for (x, strength) in (left..).zip(row) {
            image.blend(x, y, ink, *strength);
        }
    }
}

/// A letter that there is not is a question mark.
fn raster(letter: char, size: RasterHeight) -> Option<RasterizedChar> {
    let found = get_raster(letter, FontWeight::Bold, size);
    found.or_else(|| get_raster('?', FontWeight::Bold, size))
}

fn letter_size(longest_side: u32) -> RasterHeight {
    match longest_side {
        0..=640 => RasterHeight::Size16,
        641..=1000 => RasterHeight::Size20,
        1001..=1600 => RasterHeight::Size24,
        _ => RasterHeight::Size32,
    }
}

/// Black or white, by how bright the ground is to an eye.
fn readable_on(ground: Colour) -> Colour {
    let [red, green, blue] = ground.map(u32::from);
    if 299 * red + 587 * green + 114 * blue > 128_000 {
        BLACK
    } else {
        WHITE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GREY: Colour = [128; 3];
    const WHOLE: BoundingBox = BoundingBox {
        left: 0.0,
        top: 0.0,
        width: 1.0,
        height: 1.0,
    };

    fn mark(left: f32, top: f32, width: f32, height: f32, label: &str) -> Mark {
        Mark {
            bbox: BoundingBox {
                left,
                top,
                width,
                height,
            },
            class: "person".to_owned(),
            colour: None,
            label: label.to_owned(),
        }
    }

    /// How many pixels are not as they were.
    fn painted(image: &Image) -> usize {
        let pixels = image.bytes().chunks_exact(3);
        pixels.filter(|pixel| *pixel != GREY).count()
    }

    #[test]
    fn a_box_is_drawn_where_it_is_and_its_inside_is_left_alone() {
        let mut image = Image::plain(400, 200, GREY);
        draw(&mut image, WHOLE, &[mark(0.25, 0.5, 0.5, 0.25, "")]);
        let colour = colour_of("person");
        for (x, y) in [(100, 100), (101, 101), (299, 149), (200, 100), (100, 125)] {
            assert_eq!(image.at(x, y), colour, "{x},{y}");
        }
        for (x, y) in [(99, 100), (102, 102), (300, 149), (200, 125), (200, 150)] {
            assert_eq!(image.at(x, y), GREY, "{x},{y}");
        }
    }

    #[test]
    fn lines_are_as_wide_as_the_picture_wants_them() {
        let width_in = |side: u32| {
            let mut image = Image::plain(side, side, GREY);
            draw(&mut image, WHOLE, &[mark(0.25, 0.25, 0.5, 0.5, "")]);
            (0..side / 2)
                .filter(|x| image.at(*x, side / 2) != GREY)
                .count()
        };
        assert_eq!((width_in(100), width_in(1280), width_in(4000)), (2, 4, 8));
    }

    #[test]
    fn in_a_cut_picture_a_box_is_where_the_thing_is() {
        let window = BoundingBox {
            left: 0.5,
            top: 0.5,
            width: 0.25,
            height: 0.5,
        };
        let mut image = Image::plain(100, 100, GREY);
        draw(&mut image, window, &[mark(0.55, 0.6, 0.4, 0.2, "")]);
        let colour = colour_of("person");
        assert_eq!((image.at(20, 20), image.at(50, 20)), (colour, colour));
        assert_eq!(image.at(99, 40), GREY, "the right edge is outside");
        assert_eq!(image.at(20, 59), colour);
    }

    #[test]
    fn what_has_no_place_in_the_picture_is_not_drawn() {
        let mut image = Image::plain(200, 200, GREY);
        let nowhere = [
            mark(1.5, 0.0, 0.1, 0.1, "a"),
            mark(-0.5, 0.0, 0.1, 0.1, "a"),
            mark(f32::NAN, 0.0, 0.1, 0.1, "a"),
            mark(0.0, 0.0, f32::INFINITY, 0.1, "a"),
            mark(0.5, 0.5, -0.2, 0.1, "a"),
        ];
        draw(&mut image, WHOLE, &nowhere);
        assert_eq!(painted(&image), 0);
        // A point is a dot.
        draw(&mut image, WHOLE, &[mark(0.5, 0.5, 0.0, 0.0, "")]);
        assert_eq!(painted(&image), 4);
    }

    #[test]
    fn a_label_is_above_its_box_or_in_it_and_within_the_picture() {
        let colour = colour_of("person");
        let with = |left, top, label: &str| {
            let mut image = Image::plain(200, 200, GREY);
            draw(&mut image, WHOLE, &[mark(left, top, 0.05, 0.05, label)]);
            image
        };
        let above = with(0.2, 0.5, "person 0.89");
        assert_eq!(above.at(41, 86), colour);
        let letters = (40..120).filter(|x| above.at(*x, 92) == readable_on(colour));
        assert!(letters.count() > 3, "there are no letters");
        let inside = with(0.2, 0.0, "person 0.89");
        assert_eq!(inside.at(80, 1), colour);
        let at_the_edge = with(0.95, 0.5, "person 0.89");
        assert_eq!(at_the_edge.at(125, 86), colour);
        // Letters that there are not, and more than there is room for.
        assert!(painted(&with(0.2, 0.5, "Ж")) > painted(&with(0.2, 0.5, "")));
        with(0.2, 0.5, &"ä".repeat(10_000));
        // A small picture has none.
        let mut small = Image::plain(100, 100, GREY);
        draw(&mut small, WHOLE, &[mark(0.2, 0.5, 0.1, 0.1, "person")]);
        assert_eq!(small.at(21, 45), GREY);
    }

    #[test]
    fn a_class_keeps_its_colour() {
        assert_eq!(colour_of("person"), colour_of("person"));
        let classes = ["person", "car", "object", "worker", "dog", "bicycle"];
        let colours: std::collections::BTreeSet<Colour> =
            classes.iter().map(|class| colour_of(class)).collect();
        assert!(colours.len() >= 4, "{colours:?}");
        assert_eq!(readable_on([240, 228, 66]), BLACK);
        assert_eq!(readable_on([0, 114, 178]), WHITE);
    }
}
