//! Ultralytics' raw output since YOLOv8, `[4 + classes, boxes]`: a row for each of x, y, width
//! and height, in pixels of the input, then one for each class's score. No objectness.

use super::Candidate;

/// Appends the boxes whose best class scores above `confidence`. `best` is scratch space.
pub(super) fn read(
    output: &[f32],
    boxes: usize,
    confidence: f32,
    best: &mut Vec<f32>,
    candidates: &mut Vec<Candidate>,
) {
    let Some((places, scores)) = output.split_at_checked(4 * boxes) else {
        return;
    };
    // The best score alone first: a pass over rows, which the compiler makes wide. Few boxes
    // are left to ask for their class.
    best.clear();
    best.resize(boxes, 0.0);
    for row in scores.chunks_exact(boxes) {
        for (best, &score) in best.iter_mut().zip(row) {
            *best = if score > *best { score } else { *best };
        }
    }
    let place = |row: usize, index: usize| places.get(row * boxes + index).copied();
    for (index, &score) in best.iter().enumerate() {
        if score <= confidence {
            continue;
        }
        let class = scores
            .iter()
            .skip(index)
            .step_by(boxes)
            .position(|&other| other == score);
        let found = (
            place(0, index),
            place(1, index),
            place(2, index),
            place(3, index),
            class,
        );
        if let (Some(x), Some(y), Some(width), Some(height), Some(class)) = found {
            candidates.push(Candidate::centred(x, y, width, height, score, class));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_class_above_the_threshold_is_taken() {
        // Three boxes, two classes; a row for each value.
        #[rustfmt::skip]
        let output = [
            10.0, 20.0, 30.0,
            11.0, 21.0, 31.0,
            4.0, 4.0, 4.0,
            2.0, 2.0, 2.0,
            0.1, 0.25, f32::NAN,
            0.9, 0.1, 0.3,
        ];
        let mut candidates = Vec::new();
        read(&output, 3, 0.25, &mut Vec::new(), &mut candidates);
        assert_eq!(
            candidates,
            [
                Candidate {
                    corners: [8.0, 10.0, 12.0, 12.0],
                    score: 0.9,
                    class: 1
                },
                Candidate {
                    corners: [28.0, 30.0, 32.0, 32.0],
                    score: 0.3,
                    class: 1
                },
            ]
        );
    }
}
