/* libsodium, as the Swift module CSodium. On devices it is the minimal static build in the
 * SDK's sysroot; `crypto_sign_*`, `crypto_box_seal*`, `crypto_generichash*` are there. */
#pragma once
#include <sodium.h>
