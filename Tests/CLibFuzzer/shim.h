#pragma once

#include <stddef.h>
#include <stdint.h>

/* Of compiler-rt, which installs no header for it: https://llvm.org/docs/LibFuzzer.html#using-libfuzzer-as-a-library */
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*callback)(const uint8_t *data, size_t size));
