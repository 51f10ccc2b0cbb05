//! The one-vs-rest learner over sparse rows, as linfa `Fit` and `PredictInplace`.

use linfa::DatasetBase;
use linfa::dataset::AsMultiTargets;
use linfa::traits::{Fit, PredictInplace};
use ndarray::{Array1, Array2, ArrayView2};
use rayon::prelude::*;

use super::ModelError;
use super::calibrate::Folds;
use super::dense::DenseRows;
use super::sparse::SparseRows;
use super::svm::{GROUP, Problem, Separator, Stop, sign};

/// With no more rows than this all take part from the start.
const SMALL_ROWS: usize = 1000;
/// Of more rows, every eighth other one takes part at first.
const START_STRIDE: usize = 8;
/// Calibration needs no sharper refit.
const REFIT_TOLERANCE: f32 = 0.2;

/// A linear support vector machine per class, each against all other rows.
///
/// Classes are solved in parallel; a class sees only its own seed, so the thread count cannot
/// change the result.
///
/// ```
/// use linfa::{DatasetBase, traits::{Fit, Predict}};
/// use ndarray::{Array1, array};
/// use refrain_tag::model::{LinearSvm, SparseRows};
///
/// let mut rows = SparseRows::new(2);
/// rows.push([(0, 1.0)]);
/// rows.push([(1, 1.0)]);
/// let data = DatasetBase::new(rows, array![[true, false], [false, true]]);
/// let model = LinearSvm::default().fit(&data)?;
/// let best: Array1<usize> = model.predict(&data);
/// assert_eq!(best, array![0, 1]);
/// # Ok::<(), refrain_tag::model::ModelError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinearSvm {
    /// Cost of a violated margin; larger fits closer.
    pub c: f32,
    /// Largest spread of the projected gradient at the end.
    pub tolerance: f32,
    /// Largest number of sweeps over the rows.
    pub max_sweeps: usize,
    /// Seed of the row order.
    pub seed: u64,
}

impl Default for LinearSvm {
    fn default() -> Self {
        Self {
            c: 1.0,
            tolerance: 0.1,
            max_sweeps: 200,
            seed: 0,
        }
    }
}

/// A fitted [`LinearSvm`].
#[derive(Debug, Clone, PartialEq)]
pub struct LinearSvmModel {
    /// One row per column of the records and a last one for the bias; one column per class.
    pub weights: Array2<f32>,
}

impl LinearSvm {
    fn stop(&self) -> Stop {
        Stop {
            tolerance: self.tolerance,
            max_sweeps: self.max_sweeps.max(1),
        }
    }

    /// Refuses settings outside their range.
    ///
    /// # Errors
    /// [`ModelError::Setting`] when `c` or `tolerance` is not a positive number.
    pub fn check(&self) -> Result<(), ModelError> {
        for (key, value) in [("c", self.c), ("tolerance", self.tolerance)] {
            if !(value.is_finite() && (1e-6..=1e6).contains(&value)) {
                return Err(ModelError::Setting {
                    key,
                    found: value.to_string(),
                    expected: "a number from 0.000001 to 1000000",
                });
            }
        }
        Ok(())
    }

    /// The cost of a row is multiplied by its `trust`, 1 where there is none.
    ///
    /// Weights by class, each by column, then by dense column, with the bias last, and margins of the rows that `folds`
    /// holds out by models that have not seen them: held-out row x class.
    pub(super) fn fit_folds(
        &self,
        rows: &SparseRows,
        dense: &DenseRows,
        targets: ArrayView2<'_, bool>,
        trust: &[f32],
        folds: &Folds,
    ) -> (Vec<Vec<f32>>, Array2<f32>) {
        let problem = Problem::new(rows, dense, self.c, trust);
        let classes: Vec<usize> = (0..targets.ncols()).collect();
        let groups: Vec<GroupFit> = classes
            .par_chunks(GROUP)
            .map(|classes| self.fit_group(&problem, targets, classes, folds))
            .collect();
        let num_held_out = groups.first().map_or(0, |group| group.margins.len());
        let mut weights = Vec::with_capacity(classes.len());
        let mut margins = Array2::zeros((num_held_out, classes.len()));
        for (group, first) in groups.into_iter().zip((0..).step_by(GROUP)) {
            for (row, line) in group.margins.iter().enumerate() {
                for lane in 0..group.weights.len() {
                    margins[(row, first + lane)] = line[lane];
                }
            }
            weights.extend(group.weights);
        }
        (weights, margins)
    }

    fn fit_group(
        &self,
        problem: &Problem<'_>,
        targets: ArrayView2<'_, bool>,
        classes: &[usize],
        folds: &Folds,
    ) -> GroupFit {
        let mut tasks: Vec<ClassTask> = classes
            .iter()
            .map(|&class| {
                let positive = targets.column(class).to_vec();
                ClassTask::new(problem, positive, class_seed(self.seed, class))
            })
            .collect();
        let margins = self.solve_group(problem, &mut tasks);
        let held_out = self.held_out_margins(problem, &tasks, &margins, folds);
        let weights = tasks
            .iter()
            .map(|task| problem.weights(&task.positive, &task.separator))
            .collect();
        GroupFit {
            weights,
            margins: held_out,
        }
    }

    /// Solves on a part of the rows, adds the rows that this violates, and again until none is.
    ///
    /// Returns the margins of all rows, their lone columns aside.
    fn solve_group(&self, problem: &Problem<'_>, tasks: &mut [ClassTask]) -> Vec<[f32; GROUP]> {
        let rows: Vec<u32> = (0..problem.num_rows() as u32).collect();
        loop {
            tasks.par_iter_mut().filter(|task| task.is_open).for_each(|task| {
                let ClassTask {
                    positive,
                    separator,
                    working,
                    seed,
                    ..
                } = task;
                problem.solve(positive, separator, working, *seed, self.stop());
            });
            let separators: Vec<&Separator> = tasks.iter().map(|task| &task.separator).collect();
            let margins = problem.group_margins(&separators, &rows);
            for (lane, task) in tasks.iter_mut().enumerate().filter(|(_, task)| task.is_open) {
                task.add_violated(&margins, lane, self.tolerance);
            }
            // A round adds at least one row to each open class, so this ends.
            if tasks.iter().all(|task| !task.is_open) {
                return margins;
            }
        }
    }

    /// Margins of the held-out rows, in order of row, by separators without their fold.
    ///
    /// A refit starts from the whole solution and moves only rows on or inside the margin: few
    /// others come into play by leaving out one fold, and admitting them costs three times as
    /// much for the same calibration.
    fn held_out_margins(
        &self,
        problem: &Problem<'_>,
        tasks: &[ClassTask],
        margins: &[[f32; GROUP]],
        folds: &Folds,
    ) -> Vec<[f32; GROUP]> {
        let mut by_row: Vec<(u32, [f32; GROUP])> = Vec::new();
        let stop = Stop {
            tolerance: REFIT_TOLERANCE.max(self.tolerance),
            ..self.stop()
        };
        for fold in 0..folds.num_folds() {
            let parts: Vec<Separator> = tasks
                .par_iter()
                .enumerate()
                .map(|(lane, task)| {
                    let mut part = task.separator.clone();
                    let mut inside = Vec::new();
                    for (row, line) in margins.iter().enumerate() {
                        let reach = sign(task.positive[row]) * line[lane];
                        if folds.of(row) == Some(fold) {
                            problem.forget(&task.positive, &mut part, row);
                        } else if part.leans_on(row) || reach < 1.0 {
                            inside.push(row as u32);
                        }
                    }
                    problem.solve(&task.positive, &mut part, &inside, task.seed, stop);
                    part
                })
                .collect();
            let parts: Vec<&Separator> = parts.iter().collect();
            let held_out: Vec<u32> = (0..problem.num_rows() as u32)
                .filter(|&row| folds.of(row as usize) == Some(fold))
                .collect();
            by_row.extend(held_out.iter().copied().zip(problem.group_margins(&parts, &held_out)));
        }
        by_row.sort_unstable_by_key(|&(row, _)| row);
        by_row.into_iter().map(|(_, margins)| margins).collect()
    }
}

/// What comes out for one group of classes.
struct GroupFit {
    weights: Vec<Vec<f32>>,
    margins: Vec<[f32; GROUP]>,
}

/// One class on its way to the optimum.
struct ClassTask {
    positive: Vec<bool>,
    separator: Separator,
    /// Rows that take part so far.
    working: Vec<u32>,
    takes_part: Vec<bool>,
    is_open: bool,
    seed: u64,
}

impl ClassTask {
    /// Begins with the class's own rows and every `START_STRIDE`th other.
    fn new(problem: &Problem<'_>, positive: Vec<bool>, seed: u64) -> Self {
        let is_small = positive.len() <= SMALL_ROWS;
        let takes_part: Vec<bool> = positive
            .iter()
            .enumerate()
            .map(|(row, &positive)| is_small || positive || row % START_STRIDE == 0)
            .collect();
        let working = (0..positive.len() as u32)
            .filter(|&row| takes_part[row as usize])
            .collect();
        Self {
            positive,
            separator: problem.blank(),
            working,
            takes_part,
            is_open: true,
            seed,
        }
    }

    /// Closes the class when no row outside violates its margin.
    fn add_violated(&mut self, margins: &[[f32; GROUP]], lane: usize, tolerance: f32) {
        let before = self.working.len();
        for (row, line) in margins.iter().enumerate() {
            let reach = sign(self.positive[row]) * line[lane];
            if !self.takes_part[row] && reach < 1.0 - tolerance {
                self.takes_part[row] = true;
                self.working.push(row as u32);
            }
        }
        self.is_open = self.working.len() > before;
    }
}

/// Far apart seeds for neighbouring classes (the odd constant is 2^64 / golden ratio).
fn class_seed(seed: u64, class: usize) -> u64 {
    seed ^ (class as u64).wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

impl<T: AsMultiTargets<Elem = bool>> Fit<SparseRows, T, ModelError> for LinearSvm {
    type Object = LinearSvmModel;

    /// Fits one separator per column of the targets.
    fn fit(&self, dataset: &DatasetBase<SparseRows, T>) -> Result<LinearSvmModel, ModelError> {
        self.check()?;
        let targets = dataset.targets().as_multi_targets();
        if targets.nrows() != dataset.records().num_rows() {
            return Err(linfa::Error::MismatchedShapes(dataset.records().num_rows(), targets.nrows()).into());
        }
        let (classes, _) = self.fit_folds(dataset.records(), &DenseRows::default(), targets, &[], &Folds::none());
        let mut weights = Array2::zeros((dataset.records().num_columns() + 1, classes.len()));
        for (mut column, class) in weights.columns_mut().into_iter().zip(classes) {
            column.assign(&Array1::from_vec(class));
        }
        Ok(LinearSvmModel { weights })
    }
}

impl LinearSvmModel {
    fn add_margins(&self, rows: &SparseRows, row: usize, out: &mut [f32]) {
        let bias = self.weights.nrows().saturating_sub(1);
        let (columns, values) = rows.row(row);
        let entries = columns.iter().map(|&c| c as usize).zip(values.iter().copied());
        // Columns the model has never seen carry no weight.
        for (column, value) in entries.filter(|&(c, _)| c < bias).chain([(bias, 1.0)]) {
            for (sum, weight) in out.iter_mut().zip(self.weights.row(column)) {
                *sum += value * weight;
            }
        }
    }
}

/// Margins, row x class.
impl PredictInplace<SparseRows, Array2<f32>> for LinearSvmModel {
    fn predict_inplace(&self, rows: &SparseRows, margins: &mut Array2<f32>) {
        for (row, mut out) in margins.rows_mut().into_iter().enumerate() {
            let mut sums = vec![0.0; self.weights.ncols()];
            self.add_margins(rows, row, &mut sums);
            out.iter_mut().zip(sums).for_each(|(slot, sum)| *slot = sum);
        }
    }

    fn default_target(&self, rows: &SparseRows) -> Array2<f32> {
        Array2::zeros((rows.num_rows(), self.weights.ncols()))
    }
}

/// Class of the largest margin; ties go to the lower class.
impl PredictInplace<SparseRows, Array1<usize>> for LinearSvmModel {
    fn predict_inplace(&self, rows: &SparseRows, classes: &mut Array1<usize>) {
        let mut margins: Array2<f32> = self.default_target(rows);
        self.predict_inplace(rows, &mut margins);
        for (class, row) in classes.iter_mut().zip(margins.rows()) {
            let mut best = (f32::NEG_INFINITY, 0);
            for (index, &margin) in row.iter().enumerate() {
                if margin > best.0 {
                    best = (margin, index);
                }
            }
            *class = best.1;
        }
    }

    fn default_target(&self, rows: &SparseRows) -> Array1<usize> {
        Array1::zeros(rows.num_rows())
    }
}
