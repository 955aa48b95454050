//! Which pairs belong together: the assignment with the least cost, where leaving a row alone
//! costs `limit`.
//!
//! That is what `lap.lapjv(cost, extend_cost=True, cost_limit=limit)` of the reference finds: a
//! pair is made only where it costs less than the limit. Among assignments of equal cost, which
//! need boxes that are equal to the last bit, the one in which earlier rows have earlier columns
//! is preferred, but not promised.

#![expect(
    clippy::indexing_slicing,
    reason = "rows and columns are numbered here, and everything has as many places"
)]

/// A pair that may be made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Edge {
    pub(crate) row: usize,
    pub(crate) column: usize,
    /// Below the limit.
    pub(crate) cost: f64,
}

/// The pairs of the best assignment, in the order of their rows. `edges` are those pairs that
/// cost less than `limit`, sorted by their rows.
pub(crate) fn assign(rows: usize, columns: usize, edges: Vec<Edge>, limit: f64) -> Vec<Edge> {
    if are_apart(columns, &edges) {
        return edges;
    }
    let chosen = Search::new(rows, columns, &edges, limit).run();
    edges
        .into_iter()
        .filter(|edge| chosen[edge.row] == Some(edge.column))
        .collect()
}

/// Whether no two edges share a row or a column: nearly always, and then all of them are taken.
fn are_apart(columns: usize, edges: &[Edge]) -> bool {
    let mut taken = vec![false; columns];
    let rows_differ = edges.windows(2).all(|pair| pair[0].row != pair[1].row);
    rows_differ
        && edges
            .iter()
            .all(|edge| !std::mem::replace(&mut taken[edge.column], true))
}

/// Shortest augmenting paths (Jonker and Volgenant), along the edges that there are. Each row
/// also has a column of its own at the price of the limit, behind the real ones: whoever gets
/// that is left alone.
struct Search<'e> {
    columns: usize,
    limit: f64,
    /// Of each row.
    edges: Vec<&'e [Edge]>,
    column_of: Vec<Option<usize>>,
    row_price: Vec<f64>,
    /// Of each column, real or a row's own.
    row_of: Vec<Option<usize>>,
    column_price: Vec<f64>,
    ways: Vec<Option<Way>>,
    /// The length of the shortest way to a column that nobody has; longer ones lead nowhere.
    bound: f64,
}

/// The shortest way to a column so far.
#[derive(Clone, Copy)]
struct Way {
    length: f64,
    /// The row before it.
    from: usize,
    is_final: bool,
}

impl<'e> Search<'e> {
    fn new(rows: usize, columns: usize, edges: &'e [Edge], limit: f64) -> Self {
        let mut of_rows: Vec<&[Edge]> = vec![&[]; rows];
        for group in edges.chunk_by(|a, b| a.row == b.row) {
            of_rows[group[0].row] = group;
        }
        Self {
            columns,
            limit,
            edges: of_rows,
            column_of: vec![None; rows],
            row_price: vec![0.0; rows],
            row_of: vec![None; columns + rows],
            column_price: vec![0.0; columns + rows],
            ways: vec![None; columns + rows],
            bound: f64::INFINITY,
        }
    }

    /// The column of each row; one behind the real ones stands for none.
    fn run(mut self) -> Vec<Option<usize>> {
        for row in 0..self.edges.len() {
            self.place(row);
        }
        self.column_of
    }

    /// Finds a column for `start`, moving others where that is cheaper for all.
    fn place(&mut self, start: usize) {
        let mut reached = Vec::new();
        self.bound = f64::INFINITY;
        let mut row = start;
        let mut length = 0.0;
        let end = loop {
            self.look_from(row, length, &mut reached);
            let nearest = self.nearest(&reached);
            length = nearest.1;
            match self.row_of[nearest.0] {
                None => break nearest.0,
                Some(next) => row = next,
            }
        };
        self.adjust_prices(start, length, &reached);
        self.take(start, end);
        for column in reached {
            self.ways[column] = None;
        }
    }

    fn look_from(&mut self, row: usize, length: f64, reached: &mut Vec<usize>) {
        let own = Edge {
            row,
            column: self.columns + row,
            cost: self.limit,
        };
        for edge in self.edges[row].iter().chain([&own]) {
            let column = edge.column;
            let length = length + edge.cost - self.row_price[row] - self.column_price[column];
            if length >= self.bound {
                continue;
            }
            let is_shorter = match &self.ways[column] {
                None => {
                    reached.push(column);
                    true
                }
                Some(way) => !way.is_final && length < way.length,
            };
            if is_shorter {
                self.ways[column] = Some(Way {
                    length,
                    from: row,
                    is_final: false,
                });
                if self.row_of[column].is_none() {
                    self.bound = length;
                }
            }
        }
    }

    /// The nearest column that has not been passed yet, with its distance. There always is one,
    /// because nobody else can have a row's own column.
    fn nearest(&mut self, reached: &[usize]) -> (usize, f64) {
        let mut nearest = (0, f64::INFINITY);
        for &column in reached {
            if let Some(way) = self.ways[column]
                && !way.is_final
                && way.length < nearest.1
            {
                nearest = (column, way.length);
            }
        }
        if let Some(way) = &mut self.ways[nearest.0] {
            way.is_final = true;
        }
        nearest
    }

    fn adjust_prices(&mut self, start: usize, length: f64, reached: &[usize]) {
        self.row_price[start] += length;
        for &column in reached {
            if let Some(way) = self.ways[column]
                && way.is_final
                && let Some(row) = self.row_of[column]
            {
                self.row_price[row] += length - way.length;
                self.column_price[column] -= length - way.length;
            }
        }
    }

    /// Goes back along the way, and moves each row to the column before it.
    fn take(&mut self, start: usize, end: usize) {
        let mut column = end;
        while let Some(way) = self.ways[column] {
            self.row_of[column] = Some(way.from);
            let before = self.column_of[way.from].replace(column);
            match before {
                Some(before) if way.from != start => column = before,
                _ => break,
            }
        }
    }
}
