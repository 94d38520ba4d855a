"""The least a reader of an .xlsx must do, as a C program: inflate the sheet and find its cells.

Belongs here: compiling and running that program, and a stand-in where there is no C compiler. Not here:
readers people use.
"""

from __future__ import annotations

import resource
import shutil
import struct
import subprocess
import time
import zipfile
import zlib
from pathlib import Path

from benchmarks.measure import Figures

ROUNDS = 10
SHEET = "xl/worksheets/sheet1.xml"
_SOURCE = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>
/* address, style, type, place of formula and value of every cell, by memchr from one '<' to the next */
struct cell { int row, column, style; char type; long formula, value; };
int main(int count, char **arguments) {
    long packed = atol(arguments[2]), size = atol(arguments[3]);
    int rounds = atoi(arguments[4]);
    unsigned char *in = malloc(packed), *out = malloc(size + 64);
    struct cell *cells = malloc(sizeof(struct cell) * (size / 8 + 1));
    FILE *file = fopen(arguments[1], "rb");
    if (!file || fread(in, 1, packed, file) != (size_t)packed) return 1;
    long found = 0, formulas = 0, errors = 0;
    clock_t begin = clock();
    for (int round = 0; round < rounds; round++) {
        z_stream z;
        memset(&z, 0, sizeof z);
        if (inflateInit2(&z, -15) != Z_OK) return 2;
        z.next_in = in; z.avail_in = packed; z.next_out = out; z.avail_out = size;
        if (inflate(&z, Z_FINISH) != Z_STREAM_END) return 3;
        inflateEnd(&z);
        memset(out + size, 0, 64);
        found = formulas = errors = 0;
        struct cell *cell = cells - 1;
        unsigned char *at = out, *end = out + size;
        while ((at = memchr(at, '<', end - at))) {
            at++;
            if (at[0] == 'c' && at[1] == ' ') {
                cell++; found++;
                memset(cell, 0, sizeof *cell);
                at += 5;
                while (*at >= 'A') cell->column = cell->column * 26 + *at++ - 64;
                while (*at >= '0' && *at <= '9') cell->row = cell->row * 10 + *at++ - 48;
                for (; *at && *at != '>'; at++) {
                    if (at[0] == 's' && at[1] == '=') cell->style = atoi((char *)at + 3);
                    if (at[0] == 't' && at[1] == '=') { cell->type = at[3]; errors += at[3] == 'e'; }
                }
            } else if (at[0] == 'f' && found) { cell->formula = at - out; formulas++; }
            else if (at[0] == 'v' && found) cell->value = at - out;
        }
    }
    printf("%f %ld %ld %ld\n", (double)(clock() - begin) / CLOCKS_PER_SEC / rounds, found, errors, formulas);
    return 0;
}
"""


def limit(path: Path) -> tuple[str, Figures, str]:
    """(its name, figures, cells and formulas it saw) for the first sheet of a workbook."""
    with zipfile.ZipFile(path) as archive:
        entry = archive.getinfo(SHEET)
    data = path.read_bytes()
    name, extra = struct.unpack_from("<HH", data, entry.header_offset + 26)
    start = entry.header_offset + 30 + name + extra
    packed = data[start : start + entry.compress_size]
    compiler = shutil.which("cc")
    binary = path.with_suffix(".limit") if compiler and _compiled(compiler, path.with_suffix(".limit")) else None
    if binary is None:
        return "limit: inflate only, in Python (no C compiler with zlib here)", *_inflated(packed)
    source = path.with_suffix(".deflate")
    source.write_bytes(packed)
    command = [str(binary), str(source), str(len(packed)), str(entry.file_size), str(ROUNDS)]
    begin = time.perf_counter()
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    wall = (time.perf_counter() - begin) / ROUNDS
    cpu, cells, errors, formulas = done.stdout.split()
    return (
        "limit: C, inflate and memchr",
        Figures(float(cpu), wall, 0),
        f"{cells} cells {errors} errors {formulas} formulas",
    )


def _compiled(compiler: str, binary: Path) -> bool:
    source = binary.with_suffix(".c")
    source.write_text(_SOURCE, encoding="utf-8")
    command = [compiler, "-O2", str(source), "-o", str(binary), "-lz"]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def _inflated(packed: bytes) -> tuple[Figures, str]:
    begin, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    for _ in range(ROUNDS):
        size = len(zlib.decompress(packed, -15))
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / ROUNDS
    return Figures(cpu, (time.perf_counter() - begin) / ROUNDS, 0), f"{size} bytes"
