//! How a picture of any shape is placed in the model's input, and how boxes find the way back.
//! Every rounding here is the one the model's own project does: half a pixel is a different box.

use agave_core::BoundingBox;

/// A picture scaled and placed inside a tensor. Sizes are in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Letterbox {
    /// The picture inside the tensor.
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) left: usize,
    pub(crate) top: usize,
    /// Tensor pixels per picture pixel.
    scale_x: f32,
    scale_y: f32,
    picture: (f32, f32),
}

impl Letterbox {
    /// In the middle, as Ultralytics does it: sides are rounded (half to even), and of an odd
    /// padding the smaller half goes to the top and the left.
    pub(crate) fn centred(picture: (u32, u32), tensor: (u32, u32)) -> Self {
        let ratio = ratio(picture, tensor);
        let side = |length: u32| (f64::from(length) * ratio).round_ties_even().max(1.0);
        let (width, height) = (side(picture.0), side(picture.1));
        let padding =
            |tensor: u32, side: f64| ((f64::from(tensor) - side) / 2.0 - 0.1).round_ties_even();
        Self {
            width: width as usize,
            height: height as usize,
            left: padding(tensor.0, width) as usize,
            top: padding(tensor.1, height) as usize,
            scale_x: (width / f64::from(picture.0)) as f32,
            scale_y: (height / f64::from(picture.1)) as f32,
            picture: (picture.0 as f32, picture.1 as f32),
        }
    }

    /// In the top left corner, as YOLOX does it: sides are truncated, and boxes go back by the
    /// exact ratio.
    pub(crate) fn top_left(picture: (u32, u32), tensor: (u32, u32)) -> Self {
        let ratio = ratio(picture, tensor);
        let side = |length: u32| ((f64::from(length) * ratio) as usize).max(1);
        Self {
            width: side(picture.0),
            height: side(picture.1),
            left: 0,
            top: 0,
            scale_x: ratio as f32,
            scale_y: ratio as f32,
            picture: (picture.0 as f32, picture.1 as f32),
        }
    }

    /// The box with the corners x1, y1, x2, y2 in tensor pixels, as fractions of the picture
    /// and clipped to it.
    pub(crate) fn in_picture(&self, [x1, y1, x2, y2]: [f32; 4]) -> BoundingBox {
        let (width, height) = self.picture;
        let x = |value: f32| ((value - self.left as f32) / self.scale_x).clamp(0.0, width);
        let y = |value: f32| ((value - self.top as f32) / self.scale_y).clamp(0.0, height);
        let (left, top) = (x(x1), y(y1));
        BoundingBox {
            left: left / width,
            top: top / height,
            width: (x(x2) - left).max(0.0) / width,
            height: (y(y2) - top).max(0.0) / height,
        }
    }
}

fn ratio(picture: (u32, u32), tensor: (u32, u32)) -> f64 {
    let x = f64::from(tensor.0) / f64::from(picture.0);
    let y = f64::from(tensor.1) / f64::from(picture.1);
    x.min(y)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_is_where_ultralytics_puts_it() {
        for (picture, size, corner) in [
            ((1920, 1080), (640, 360), (0, 140)),
            ((2688, 1520), (640, 362), (0, 139)),
            ((1920, 1083), (640, 361), (0, 139)),
            ((768, 432), (640, 360), (0, 140)),
            ((432, 768), (360, 640), (140, 0)),
            ((320, 240), (640, 480), (0, 80)),
            ((5000, 2), (640, 1), (0, 319)),
        ] {
            let letterbox = Letterbox::centred(picture, (640, 640));
            assert_eq!((letterbox.width, letterbox.height), size, "{picture:?}");
            assert_eq!((letterbox.left, letterbox.top), corner, "{picture:?}");
        }
    }

    #[test]
    fn the_corner_is_where_yolox_puts_it() {
        // 432 × (416 / 768) is a hair below 234 in floating point, and truncation shows it.
        let letterbox = Letterbox::top_left((768, 432), (416, 416));
        assert_eq!((letterbox.width, letterbox.height), (416, 233));
        assert_eq!((letterbox.left, letterbox.top), (0, 0));
        assert_eq!(Letterbox::top_left((1000, 333), (416, 416)).height, 138);
    }

    #[test]
    fn a_box_goes_back_and_is_clipped() {
        let letterbox = Letterbox::centred((1920, 1080), (640, 640));
        let whole = letterbox.in_picture([0.0, 140.0, 640.0, 500.0]);
        assert_eq!((whole.left, whole.top), (0.0, 0.0));
        assert!((whole.width - 1.0).abs() < 1e-6 && (whole.height - 1.0).abs() < 1e-6);
        let outside = letterbox.in_picture([-50.0, 0.0, 320.0, 320.0]);
        assert_eq!((outside.left, outside.top), (0.0, 0.0));
        assert!((outside.width - 0.5).abs() < 1e-6 && (outside.height - 0.5).abs() < 1e-6);
    }
}
