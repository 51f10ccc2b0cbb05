//! The assignment of rows to columns with the largest total, in O(rows² · columns).

/// For each row its column so that the sum of `weight` is largest; rows may not outnumber columns.
///
/// Shortest augmenting paths with potentials (Kuhn-Munkres in the form of Jonker and Volgenant).
pub(crate) fn best_assignment(rows: usize, columns: usize, weight: impl Fn(usize, usize) -> i64) -> Vec<usize> {
    debug_assert!(rows <= columns);
    // Index 0 is a virtual row and column; `owner[j]` is the row matched to column j.
    let mut row_potential = vec![0_i64; rows + 1];
    let mut column_potential = vec![0_i64; columns + 1];
    let mut owner = vec![0_usize; columns + 1];
    for row in 1..=rows {
        owner[0] = row;
        let mut slack = vec![i64::MAX; columns + 1];
        let mut previous = vec![0_usize; columns + 1];
        let mut visited = vec![false; columns + 1];
        let mut column = 0;
        loop {
            visited[column] = true;
            let current = owner[column];
            let (mut step, mut next) = (i64::MAX, 0);
            for j in 1..=columns {
                if visited[j] {
                    continue;
                }
                let cost = -weight(current - 1, j - 1) - row_potential[current] - column_potential[j];
                if cost < slack[j] {
                    slack[j] = cost;
                    previous[j] = column;
                }
                if slack[j] < step {
                    step = slack[j];
                    next = j;
                }
            }
            for j in 0..=columns {
                if visited[j] {
                    row_potential[owner[j]] += step;
                    column_potential[j] -= step;
                } else {
                    slack[j] = slack[j].saturating_sub(step);
                }
            }
            column = next;
            if owner[column] == 0 {
                break;
            }
        }
        while column != 0 {
            owner[column] = owner[previous[column]];
            column = previous[column];
        }
    }
    let mut assigned = vec![0; rows];
    for (column, &row) in owner.iter().enumerate().skip(1) {
        if row > 0 {
            assigned[row - 1] = column - 1;
        }
    }
    assigned
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn brute(table: &[Vec<i64>], row: usize, used: &mut Vec<bool>) -> i64 {
        if row == table.len() {
            return 0;
        }
        let mut best = i64::MIN;
        for column in 0..used.len() {
            if !used[column] {
                used[column] = true;
                best = best.max(table[row][column] + brute(table, row + 1, used));
                used[column] = false;
            }
        }
        best
    }

    proptest! {
        #[test]
        fn equals_trying_all(
            columns in 1_usize..6,
            cells in prop::collection::vec(0_i64..9, 36),
            rows in 0_usize..6,
        ) {
            let rows = rows.min(columns);
            let table: Vec<Vec<i64>> = (0..rows).map(|i| cells[i * columns..(i + 1) * columns].to_vec()).collect();
            let found = best_assignment(rows, columns, |i, j| table[i][j]);
            let distinct: std::collections::BTreeSet<_> = found.iter().collect();
            prop_assert_eq!(distinct.len(), rows);
            let total: i64 = found.iter().enumerate().map(|(i, &j)| table[i][j]).sum();
            prop_assert_eq!(total, brute(&table, 0, &mut vec![false; columns]));
        }
    }
}
