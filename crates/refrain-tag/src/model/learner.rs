//! The one-vs-rest learner over sparse rows, as linfa `Fit` and `PredictInplace`.

use linfa::DatasetBase;
use linfa::dataset::AsMultiTargets;
use linfa::traits::{Fit, PredictInplace};
use ndarray::{Array1, Array2, ArrayView2};
use rayon::prelude::*;

use super::ModelError;
use super::calibrate::Folds;
use super::sparse::SparseRows;
use super::svm::{Problem, Stop};

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
        Self { c: 1.0, tolerance: 0.05, max_sweeps: 200, seed: 0 }
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
        Stop { tolerance: self.tolerance, max_sweeps: self.max_sweeps.max(1) }
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

    /// The model, and margins of rows by models that have not seen them: row x class, rows
    /// without a fold get the margin of the whole model.
    pub(super) fn fit_folds(
        &self,
        rows: &SparseRows,
        targets: ArrayView2<'_, bool>,
        folds: &Folds,
    ) -> (LinearSvmModel, Array2<f32>) {
        let problem = Problem::new(rows, self.c);
        let solved: Vec<_> = (0..targets.ncols())
            .into_par_iter()
            .map(|class| {
                let positive = targets.column(class).to_vec();
                self.fit_class(&problem, &positive, class, folds)
            })
            .collect();
        let mut weights = Array2::zeros((rows.num_columns() + 1, solved.len()));
        let mut margins = Array2::zeros((rows.num_rows(), solved.len()));
        for (class, (w, m)) in solved.into_iter().enumerate() {
            weights.column_mut(class).assign(&Array1::from_vec(w));
            margins.column_mut(class).assign(&Array1::from_vec(m));
        }
        (LinearSvmModel { weights }, margins)
    }

    fn fit_class(
        &self,
        problem: &Problem<'_>,
        positive: &[bool],
        class: usize,
        folds: &Folds,
    ) -> (Vec<f32>, Vec<f32>) {
        let seed = class_seed(self.seed, class);
        let full = problem.solve(positive, seed, self.stop());
        let mut margins = problem.margins(&full.weights);
        let seen = margins.clone();
        for fold in 0..folds.num_folds() {
            let held_out = |row: usize| folds.of(row) == Some(fold);
            let weights =
                problem.refit_without(positive, &full, &seen, held_out, seed, self.stop());
            for row in (0..margins.len()).filter(|&row| held_out(row)) {
                margins[row] = problem.margin(&weights, row);
            }
        }
        (full.weights, margins)
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
            return Err(linfa::Error::MismatchedShapes(
                dataset.records().num_rows(),
                targets.nrows(),
            )
            .into());
        }
        Ok(self.fit_folds(dataset.records(), targets, &Folds::none()).0)
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
