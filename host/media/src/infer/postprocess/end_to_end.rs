//! Models that suppress on their own, `[boxes, 6]`: x1, y1, x2, y2 in pixels of the input, score
//! and class. Some fill the list up with zeros, some sort it.

use super::Candidate;

/// Appends the boxes that score above `confidence`.
pub(super) fn read(
    output: &[f32],
    classes: usize,
    confidence: f32,
    candidates: &mut Vec<Candidate>,
) {
    for row in output.as_chunks().0 {
        let &[x1, y1, x2, y2, score, class]: &[f32; 6] = row;
        if score > confidence && (0.0..classes as f32).contains(&class) {
            candidates.push(Candidate {
                corners: [x1, y1, x2, y2],
                score,
                class: class as u16,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_and_classes_that_do_not_exist_are_left_out() {
        #[rustfmt::skip]
        let output = [
            1.0, 2.0, 3.0, 4.0, 0.9, 1.0,
            -5.0, 2.0, 3.0, 4.0, 0.5, 0.0,
            1.0, 2.0, 3.0, 4.0, 0.8, 2.0,
            1.0, 2.0, 3.0, 4.0, 0.25, 0.0,
            0.0, 0.0, 0.0, 0.0, 0.0, 0.0,
        ];
        let mut candidates = Vec::new();
        read(&output, 2, 0.25, &mut candidates);
        let found: Vec<_> = candidates
            .iter()
            .map(|one| (one.class, one.score))
            .collect();
        assert_eq!(found, [(1, 0.9), (0, 0.5)]);
    }
}
