//! Row-major matrices, `Array2<f32>` of contiguous rows, as all layers take and make them.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis};

use crate::error::LoadError;
use crate::kernels::vectors::all_finite;
use crate::threads;

/// A matrix of a file's numbers, row after row.
pub fn from_vec(rows: usize, columns: usize, numbers: Vec<f32>) -> Result<Array2<f32>, LoadError> {
    Array2::from_shape_vec((rows, columns), numbers)
        .map_err(|error| LoadError::invalid(error.to_string()))
}

/// All numbers, row after row.
pub fn slice(matrix: &Array2<f32>) -> &[f32] {
    matrix.as_slice().unwrap_or_else(|| panic!("a matrix is not row-major"))
}

/// All numbers, row after row.
pub fn slice_mut(matrix: &mut Array2<f32>) -> &mut [f32] {
    matrix.as_slice_mut().unwrap_or_else(|| panic!("a matrix is not row-major"))
}

/// A row.
pub fn row(matrix: &Array2<f32>, index: usize) -> &[f32] {
    let columns = matrix.ncols();
    &slice(matrix)[index * columns..][..columns]
}

/// A row.
pub fn row_mut(matrix: &mut Array2<f32>, index: usize) -> &mut [f32] {
    let columns = matrix.ncols();
    &mut slice_mut(matrix)[index * columns..][..columns]
}

/// Writes `row` to every row.
pub fn fill_rows(matrix: &mut Array2<f32>, row: &[f32]) {
    assert_eq!(matrix.ncols(), row.len());
    slice_mut(matrix).chunks_exact_mut(row.len()).for_each(|to| to.copy_from_slice(row));
}

/// Panics at NaN and infinity: no text is better than a wrong one.
pub fn assert_finite(matrix: &Array2<f32>, what: &str) {
    assert!(all_finite(slice(matrix)), "{what} is not finite");
}

/// Adds the product of `left` (`[rows, inner]`) and `right` (`[inner, columns]`) to `out`
/// (`[rows, columns]`), whose rows are divided among `count` threads.
pub fn add_product(
    count: u32,
    left: &ArrayView2<'_, f32>,
    right: &ArrayView2<'_, f32>,
    mut out: ArrayViewMut2<'_, f32>,
) {
    assert_eq!(out.dim(), (left.nrows(), right.ncols()));
    let share = left.nrows().div_ceil(count.max(1) as usize).max(1);
    let shares =
        left.axis_chunks_iter(Axis(0), share).zip(out.axis_chunks_iter_mut(Axis(0), share));
    threads::for_each(shares, |(left, mut out)| general_mat_mul(1.0, &left, right, 1.0, &mut out));
}
