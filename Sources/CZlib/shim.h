// zlib, for the deflated members of .npz archives. libpng depends on it, so it is always there.
#pragma once
#include <zlib.h>
