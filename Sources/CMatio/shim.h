// matio, for the MATLAB files of version 7.3, which are HDF5 files: for ShapeFiles alone.
#pragma once
#include <matio.h>
