#include "real.h"

#include <dlfcn.h>

struct real real_functions;

void real_load(void) {
#define REAL_LOOKUP(result, name, arguments) real_functions.name = dlsym(RTLD_NEXT, #name);
    REAL_FUNCTIONS(REAL_LOOKUP)
}
