// The LAPACK routines that the package calls. They are Fortran's and come without a header.
#pragma once

// Eigenpairs of a symmetric tridiagonal matrix, all or a range by index, by relatively robust
// representations (I. Dhillon and B. Parlett, 2004). Scalar code throughout: it uses no matrix
// products, so whichever BLAS stands beside it decides neither its speed nor its bits.
void dstemr_(const char *jobz, const char *range, const int *n, double *d, double *e,
             const double *vl, const double *vu, const int *il, const int *iu, int *m, double *w,
             double *z, const int *ldz, const int *nzc, int *isuppz, int *tryrac, double *work,
             const int *lwork, int *iwork, const int *liwork, int *info);

// The version of the library.
void ilaver_(int *major, int *minor, int *patch);
