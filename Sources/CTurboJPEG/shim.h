// libjpeg-turbo by its own interface, which reports errors by what it returns: no jump crosses a caller.
#pragma once
#include <turbojpeg.h>
