/* libarchive, as the Swift module CArchive. Host only: it is never part of a device build. */
#pragma once
#include <archive.h>
#include <archive_entry.h>
