//! YOLOX's raw output, `[boxes, 5 + classes]`: x and y relative to the box's cell in grids of 8,
//! 16 and 32 pixels, the logarithm of width and height in cells, objectness, then the classes'
//! scores. The score of a box is objectness × class.

use super::Candidate;

/// The strides of the three grids.
pub(crate) const STRIDES: [u32; 3] = [8, 16, 32];

/// Where a box's cell is, and how large, in pixels of the input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cell {
    column: f32,
    row: f32,
    stride: f32,
}

/// The cells of an input of `size` (width, height), in the order of the output.
pub(super) fn grid((width, height): (u32, u32)) -> Vec<Cell> {
    STRIDES
        .into_iter()
        .flat_map(|stride| {
            (0..height / stride).flat_map(move |row| {
                (0..width / stride).map(move |column| Cell {
                    column: column as f32,
                    row: row as f32,
                    stride: stride as f32,
                })
            })
        })
        .collect()
}

/// Appends the boxes whose best class scores at least `confidence`.
pub(super) fn read(
    output: &[f32],
    classes: usize,
    grid: &[Cell],
    confidence: f32,
    candidates: &mut Vec<Candidate>,
) {
    for (row, cell) in output.chunks_exact(5 + classes).zip(grid) {
        let Some((&[x, y, width, height, objectness], scores)) = row.split_first_chunk() else {
            continue;
        };
        // No class scores above 1: most boxes end here.
        if objectness < confidence {
            continue;
        }
        let mut best = (0, 0.0);
        for (class, &score) in scores.iter().enumerate() {
            if score > best.1 {
                best = (class, score);
            }
        }
        let (class, score) = (best.0, objectness * best.1);
        if score >= confidence {
            candidates.push(Candidate::centred(
                (x + cell.column) * cell.stride,
                (y + cell.row) * cell.stride,
                width.exp() * cell.stride,
                height.exp() * cell.stride,
                score,
                class,
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_come_in_the_order_of_the_output() {
        let grid = grid((64, 32));
        assert_eq!(grid.len(), 8 * 4 + 4 * 2 + 2);
        let at = |index: usize| (grid[index].column, grid[index].row, grid[index].stride);
        assert_eq!(at(0), (0.0, 0.0, 8.0));
        assert_eq!(at(1), (1.0, 0.0, 8.0));
        assert_eq!(at(8), (0.0, 1.0, 8.0));
        assert_eq!(at(32), (0.0, 0.0, 16.0));
        assert_eq!(at(41), (1.0, 0.0, 32.0));
    }

    #[test]
    fn a_box_is_decoded_from_its_cell() {
        let grid = grid((32, 32));
        let mut output = vec![0.0; grid.len() * 7];
        // The cell (1, 1) of the finest grid: centre at 1.5 cells, two cells wide, one high.
        output[5 * 7..6 * 7].copy_from_slice(&[0.5, 0.5, 2_f32.ln(), 0.0, 0.8, 0.2, 0.5]);
        let mut candidates = Vec::new();
        read(&output, 2, &grid, 0.25, &mut candidates);
        assert_eq!(candidates.len(), 1);
        let Candidate {
            corners,
            score,
            class,
        } = candidates[0];
        assert_eq!((class, score), (1, 0.4));
        for (corner, expected) in corners.into_iter().zip([4.0, 8.0, 20.0, 16.0]) {
            assert!((corner - expected).abs() < 1e-5, "{corners:?}");
        }
        candidates.clear();
        read(&output, 2, &grid, 0.41, &mut candidates);
        assert!(candidates.is_empty());
    }
}
