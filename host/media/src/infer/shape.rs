//! Which of the known layouts a model has. Exporters name their files and outputs as they like
//! and the same family exports several layouts, so only shapes and metadata decide.

use super::postprocess::STRIDES;

/// How a model wants its input and gives its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// RGB from 0 to 1 in the middle of the input; `[1, 4 + classes, boxes]` comes out. YOLOv8
    /// and what came after it, as Ultralytics exports them.
    Yolov8,
    /// The same input; `[1, boxes, 6]` comes out, suppressed already. YOLOv10, YOLO26, and
    /// exports with `nms=True`.
    EndToEnd,
    /// BGR from 0 to 255 in the top left corner; `[1, boxes, 5 + classes]` comes out, relative
    /// to grids.
    Yolox,
}

/// What a model takes and gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) layout: Layout,
    /// Width and height of the input, in pixels.
    pub(crate) size: (u32, u32),
    pub(crate) classes: usize,
    /// How many boxes come out of every run.
    pub(crate) boxes: usize,
}

/// What the metadata says, where there is some.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hints {
    /// How many class names there are.
    pub(crate) names: Option<usize>,
    /// `detect`, `segment`, …
    pub(crate) task: Option<String>,
}

/// The shape of a model with an input of `size` whose output has the dimensions `output`.
///
/// # Errors
/// Why it is none of the known ones.
pub(crate) fn decide(output: &[i64], size: (u32, u32), hints: &Hints) -> Result<Shape, String> {
    if let Some(task) = hints.task.as_deref().filter(|&task| task != "detect") {
        return Err(format!(
            "its task is `{task}`, and only `detect` is supported"
        ));
    }
    let dimensions = match *output {
        [1, a, b] => usize::try_from(a).ok().zip(usize::try_from(b).ok()),
        _ => None,
    };
    let Some((a, b)) = dimensions else {
        return Err("it does not have three dimensions, the first of them 1".to_owned());
    };
    let cells = cells(size);
    let shape = |layout, classes: usize, boxes| {
        let shape = Shape {
            layout,
            size,
            classes,
            boxes,
        };
        match hints.names {
            Some(names) if names != classes => Err(format!(
                "as {layout:?} it has {classes} classes, but its metadata names {names}"
            )),
            _ => Ok(shape),
        }
    };
    // A YOLOX of one class ends in 6 too; it has no metadata, and a box for every cell.
    let raw_of_one_class = a == cells && hints.names.is_none();
    if b == 6 && !raw_of_one_class {
        return match hints.names {
            Some(names) => shape(Layout::EndToEnd, names, a),
            None => Err(
                "it is end-to-end, which does not tell how many classes there are, and its \
                 metadata has no `names`"
                    .to_owned(),
            ),
        };
    }
    if a == cells && b > 5 {
        return shape(Layout::Yolox, b - 5, a);
    }
    // Boxes are not counted here: models with other grids decode themselves too.
    if a > 4 && b > a {
        return shape(Layout::Yolov8, a - 4, b);
    }
    Err(format!(
        "an input of {}×{} has {cells} cells in grids of 8, 16 and 32 pixels",
        size.0, size.1
    ))
}

fn cells((width, height): (u32, u32)) -> usize {
    let cells = |stride| (width / stride) as usize * (height / stride) as usize;
    STRIDES.into_iter().map(cells).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(output: &[i64], size: (u32, u32), names: Option<usize>) -> Option<(Layout, usize)> {
        let hints = Hints { names, task: None };
        let shape = decide(output, size, &hints).ok()?;
        Some((shape.layout, shape.classes))
    }

    #[test]
    fn the_shape_decides() {
        use Layout::{EndToEnd, Yolov8, Yolox};
        for (output, size, names, expected) in [
            ([1, 84, 8400], (640, 640), Some(80), Some((Yolov8, 80))),
            ([1, 7, 8400], (640, 640), None, Some((Yolov8, 3))),
            ([1, 7, 5040], (640, 384), Some(3), Some((Yolov8, 3))),
            ([1, 5, 8400], (640, 640), Some(1), Some((Yolov8, 1))),
            // Six rows are two classes, not an end-to-end answer.
            ([1, 6, 8400], (640, 640), Some(2), Some((Yolov8, 2))),
            ([1, 300, 6], (640, 640), Some(3), Some((EndToEnd, 3))),
            ([1, 8400, 6], (640, 640), Some(1), Some((EndToEnd, 1))),
            ([1, 300, 6], (640, 640), None, None),
            ([1, 3549, 85], (416, 416), None, Some((Yolox, 80))),
            ([1, 3549, 6], (416, 416), None, Some((Yolox, 1))),
            ([1, 84, 8400], (640, 640), Some(3), None),
            // YOLOv5: three boxes for every cell.
            ([1, 25200, 85], (640, 640), None, None),
            ([4, 84, 8400], (640, 640), Some(80), None),
            ([1, -1, 85], (640, 640), None, None),
            ([1, 4, 8400], (640, 640), None, None),
        ] {
            assert_eq!(layout(&output, size, names), expected, "{output:?}");
        }
        assert_eq!(layout(&[1, 1000], (640, 640), None), None);
    }

    #[test]
    fn another_task_is_refused_by_its_name() {
        let hints = Hints {
            names: Some(80),
            task: Some("segment".to_owned()),
        };
        let error = decide(&[1, 116, 8400], (640, 640), &hints).unwrap_err();
        assert!(error.contains("segment"), "{error}");
    }
}
