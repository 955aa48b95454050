//! Places in the frame. Everything is a fraction of the frame, 0 to 1 with the origin at the
//! top left, so that a zone survives a change of the camera's resolution.

use serde::{Deserialize, Serialize};

/// A place in the frame, as fractions of its width and height.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// From the left edge.
    pub x: f32,
    /// From the top edge.
    pub y: f32,
}

/// A box in the frame, as fractions of its width and height.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BoundingBox {
    /// The left edge.
    pub left: f32,
    /// The top edge.
    pub top: f32,
    /// From left to right.
    pub width: f32,
    /// From top to bottom.
    pub height: f32,
}

impl BoundingBox {
    /// Intersection over union with `other`: 0 when they do not touch, 1 when they are equal.
    pub fn intersection_over_union(&self, other: &Self) -> f32 {
        let width =
            (self.left + self.width).min(other.left + other.width) - self.left.max(other.left);
        let height =
            (self.top + self.height).min(other.top + other.height) - self.top.max(other.top);
        let intersection = width.max(0.0) * height.max(0.0);
        let union = self.width * self.height + other.width * other.height - intersection;
        if union > 0.0 {
            intersection / union
        } else {
            0.0
        }
    }
}

/// A named polygon in one camera's frame.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Zone {
    /// Unique within its camera.
    pub name: String,
    /// Corners in order, without the first one repeated at the end.
    pub polygon: Vec<Point>,
}

/// Why a list of corners is not a polygon that a zone can have.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum PolygonError {
    /// Fewer than three corners.
    #[error("a polygon needs at least 3 corners, this one has {0}")]
    TooFewCorners(usize),
    /// More corners than anyone draws by hand.
    #[error("a polygon may have at most 1000 corners, this one has {0}")]
    TooManyCorners(usize),
    /// A corner is not in the frame; the index says which.
    #[error("corner {0} is outside the frame: coordinates are fractions from 0 to 1")]
    OutsideFrame(usize),
    /// Two edges cross; the indices are those of their first corners.
    #[error("the edges after corners {0} and {1} cross each other")]
    SelfIntersecting(usize, usize),
    /// All corners are on a line.
    #[error("the polygon has no area")]
    NoArea,
}

/// Checks that `polygon` is simple, has an area and lies in the frame.
///
/// # Errors
/// The first thing that is wrong with it, with the index of the corner (from 0).
pub fn check_polygon(polygon: &[Point]) -> Result<(), PolygonError> {
    if polygon.len() < 3 {
        return Err(PolygonError::TooFewCorners(polygon.len()));
    }
    if polygon.len() > 1000 {
        return Err(PolygonError::TooManyCorners(polygon.len()));
    }
    let in_frame = |value: f32| (0.0..=1.0).contains(&value);
    if let Some(index) = polygon
        .iter()
        .position(|corner| !in_frame(corner.x) || !in_frame(corner.y))
    {
        return Err(PolygonError::OutsideFrame(index));
    }
    let edges: Vec<(Point, Point)> = polygon
        .iter()
        .copied()
        .zip(polygon.iter().copied().cycle().skip(1))
        .collect();
    for (first, &(a, b)) in edges.iter().enumerate() {
        for (second, &(c, d)) in edges.iter().enumerate().skip(first + 2) {
            let neighbours_around_the_end = first == 0 && second == edges.len() - 1;
            if !neighbours_around_the_end && cross(a, b, c, d) {
                return Err(PolygonError::SelfIntersecting(first, second));
            }
        }
    }
    let doubled_area: f32 = edges.iter().map(|(a, b)| a.x * b.y - b.x * a.y).sum();
    if doubled_area.abs() < 1e-6 {
        return Err(PolygonError::NoArea);
    }
    Ok(())
}

/// Whether the open segments `ab` and `cd` cross.
fn cross(a: Point, b: Point, c: Point, d: Point) -> bool {
    let side = |p: Point, q: Point, r: Point| (q.x - p.x) * (r.y - p.y) - (q.y - p.y) * (r.x - p.x);
    side(a, b, c) * side(a, b, d) < 0.0 && side(c, d, a) * side(c, d, b) < 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn polygon(corners: &[(f32, f32)]) -> Vec<Point> {
        corners.iter().map(|&(x, y)| Point { x, y }).collect()
    }

    #[test]
    fn polygons_are_checked() {
        let square = [(0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9)];
        assert_eq!(check_polygon(&polygon(&square)), Ok(()));
        let bow_tie = [(0.1, 0.1), (0.9, 0.9), (0.9, 0.1), (0.1, 0.9)];
        assert_eq!(
            check_polygon(&polygon(&bow_tie)),
            Err(PolygonError::SelfIntersecting(0, 2))
        );
        assert_eq!(
            check_polygon(&polygon(&square[..2])),
            Err(PolygonError::TooFewCorners(2))
        );
        assert_eq!(
            check_polygon(&polygon(&[(0.0, 0.0), (1.2, 0.0), (0.5, 0.5)])),
            Err(PolygonError::OutsideFrame(1))
        );
        assert_eq!(
            check_polygon(&polygon(&[(0.0, 0.0), (f32::NAN, 0.0), (0.5, 0.5)])),
            Err(PolygonError::OutsideFrame(1))
        );
        assert_eq!(
            check_polygon(&polygon(&[(0.0, 0.0), (0.5, 0.5), (1.0, 1.0)])),
            Err(PolygonError::NoArea)
        );
    }

    #[test]
    fn overlap_is_measured() {
        let unit = BoundingBox {
            left: 0.0,
            top: 0.0,
            width: 0.5,
            height: 0.5,
        };
        let half = BoundingBox {
            left: 0.0,
            top: 0.0,
            width: 0.25,
            height: 0.5,
        };
        let apart = BoundingBox {
            left: 0.6,
            top: 0.6,
            width: 0.2,
            height: 0.2,
        };
        assert_eq!(unit.intersection_over_union(&unit), 1.0);
        assert_eq!(unit.intersection_over_union(&half), 0.5);
        assert_eq!(unit.intersection_over_union(&apart), 0.0);
    }
}
