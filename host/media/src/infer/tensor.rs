//! A picture in the form in which a model wants it: scaled, padded, colours apart, as floats.

use super::colour::ToRgb;
use super::letterbox::Letterbox;
use super::resize::{Resize, Values};
use super::shape::Layout;
use crate::{Picture, PictureError};

/// The grey that fills what the picture leaves free.
const PADDING: f32 = 114.0;

/// Fills input tensors of one model. It keeps its buffers while pictures have the same size.
pub(crate) struct Preparation {
    layout: Layout,
    /// Width and height of the tensor.
    size: (u32, u32),
    to_rgb: ToRgb,
    current: Option<Current>,
}

struct Current {
    picture: (u32, u32),
    letterbox: Letterbox,
    resize: Resize,
}

impl Preparation {
    pub(crate) fn new(layout: Layout, size: (u32, u32)) -> Self {
        Self {
            layout,
            size,
            to_rgb: ToRgb::default(),
            current: None,
        }
    }

    /// Writes `picture` into `tensor`, which is 3 × height × width and must be the same one
    /// each time: its padding is written only when the picture's size changes.
    pub(crate) fn fill(
        &mut self,
        picture: &Picture,
        tensor: &mut [f32],
    ) -> Result<Letterbox, PictureError> {
        let rgb = self.to_rgb.convert(picture)?;
        let size = (picture.width(), picture.height());
        let layout = self.layout;
        let current = match self
            .current
            .take()
            .filter(|current| current.picture == size)
        {
            Some(current) => current,
            None => {
                let padding = if layout == Layout::Yolox {
                    PADDING
                } else {
                    PADDING / 255.0
                };
                tensor.fill(padding);
                Current::new(layout, size, self.size)
            }
        };
        let Current {
            letterbox, resize, ..
        } = self.current.insert(current);
        let (width, height) = (self.size.0 as usize, self.size.1 as usize);
        let (first, rest) = tensor.split_at_mut(tensor.len().min(width * height));
        let (second, third) = rest.split_at_mut(rest.len().min(width * height));
        let columns = letterbox.left..letterbox.left + letterbox.width;
        let rows = [first, second, third].map(|plane| {
            let columns = columns.clone();
            plane
                .chunks_exact_mut(width)
                .skip(letterbox.top)
                .map(move |row| row.get_mut(columns.clone()).unwrap_or_default())
        });
        let [first, second, third] = rows;
        let rows = first.zip(second).zip(third);
        if layout == Layout::Yolox {
            let blue_first = rows.map(|((blue, green), red)| [red, green, blue]);
            resize.run(rgb, blue_first, Values::BYTES);
        } else {
            let red_first = rows.map(|((red, green), blue)| [red, green, blue]);
            resize.run(rgb, red_first, Values::FRACTIONS);
        }
        Ok(*letterbox)
    }
}

impl Current {
    fn new(layout: Layout, picture: (u32, u32), tensor: (u32, u32)) -> Self {
        let letterbox = if layout == Layout::Yolox {
            Letterbox::top_left(picture, tensor)
        } else {
            Letterbox::centred(picture, tensor)
        };
        let from = (picture.0 as usize, picture.1 as usize);
        Self {
            picture,
            letterbox,
            resize: Resize::new(from, (letterbox.width, letterbox.height)),
        }
    }
}
