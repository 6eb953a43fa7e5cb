/* Zstandard, as the Swift module CZstd. The device's sysroot holds the decoder only: calling
 * `ZSTD_compress*` compiles there but fails to link, which keeps the encoder on the host. */
#pragma once
#include <zstd.h>
#include <zstd_errors.h>
