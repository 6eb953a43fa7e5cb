"""Operators that move or interpolate stored values: reshape, slices, joins, pads, resizes."""
import numpy as np

from single_operator import Operator, constant, options
from vector_case import Sketch


def moved(name, kind, shape, result, operands=(), table=None, version=1, dtype="int8",
          value_index=0):
    """One value in, one value out, equal scale and zero point; `operands` are constants."""
    sketch = Sketch(name, dtype)
    source = sketch.activation(shape)
    sink = sketch.activation(result, source.scale, source.zero)
    inputs = list(operands)
    inputs.insert(value_index, source)
    return sketch.case(Operator(kind, inputs, [sink], table, version), [source], [sink])


def reshape(name, shape, result, stated=None, dtype="int8"):
    stated = list(result if stated is None else stated)
    table = options("Reshape", newShape=stated)
    return moved(name, "RESHAPE", shape, result, [constant(stated)], table, 1, dtype)


def reshape_cases():
    yield reshape("reshape_flatten", (1, 3, 4, 5), (1, 60))
    yield reshape("reshape_inferred", (2, 6, 4), (8, 6), (-1, 6))
    yield reshape("reshape_rank_1_to_5", (24,), (1, 2, 3, 2, 2))
    yield reshape("reshape_to_scalar", (1, 1), ())
    yield reshape("uint8_reshape", (1, 3, 4, 5), (1, 60), dtype="uint8")
    table = options("Reshape", newShape=[4, 15])
    yield moved("reshape_by_option", "RESHAPE", (3, 20), (4, 15), [], table)
    table = options("Squeeze", squeezeDims=[0, 2])
    yield moved("squeeze_named", "SQUEEZE", (1, 5, 1, 1, 3), (5, 1, 3), [], table)
    yield moved("squeeze_negative", "SQUEEZE", (4, 3, 1), (4, 3), [],
                options("Squeeze", squeezeDims=[-1]))
    yield moved("squeeze_all", "SQUEEZE", (1, 5, 1, 3), (5, 3), [],
                options("Squeeze", squeezeDims=[]))
    for axis, result in ((0, (1, 4, 3)), (1, (4, 1, 3)), (2, (4, 3, 1)), (-1, (4, 3, 1))):
        name = f"expand_dims_{axis}".replace("-", "minus_")
        yield moved(name, "EXPAND_DIMS", (4, 3), result, [constant(axis)], options("ExpandDims"))


def transpose(name, shape, order):
    result = tuple(shape[index] for index in order)
    operands = [constant(list(order))]
    return moved(name, "TRANSPOSE", shape, result, operands, options("Transpose"),
                 4 if len(shape) > 4 else 2)


def transpose_cases():
    yield transpose("transpose_rank_2", (5, 7), (1, 0))
    yield transpose("transpose_rank_3", (2, 5, 3), (2, 0, 1))
    yield transpose("transpose_nhwc_to_nchw", (1, 4, 3, 5), (0, 3, 1, 2))
    yield transpose("transpose_nchw_to_nhwc", (1, 5, 4, 3), (0, 2, 3, 1))
    yield transpose("transpose_reversed", (2, 3, 4, 5), (3, 2, 1, 0))
    yield transpose("transpose_identity", (2, 3, 4), (0, 1, 2))
    yield transpose("transpose_rank_5", (2, 3, 1, 4, 2), (4, 2, 0, 3, 1))
    yield transpose("transpose_rank_6", (2, 1, 3, 2, 2, 2), (5, 0, 4, 2, 1, 3))


def pad(name, shape, counts, fill=None, x=None):
    sketch = Sketch(name)
    source = sketch.activation(shape, *(x or (None, None)))
    result = [size + sum(count) for size, count in zip(shape, counts)]
    sink = sketch.activation(result, source.scale, source.zero)
    operands = [source, constant([list(count) for count in counts])]
    if fill is None:
        operator = Operator("PAD", operands, [sink], options("Pad"), 2)
    else:
        operands.append(constant([fill], "int8", source.scale, source.zero))
        operator = Operator("PADV2", operands, [sink], options("PadV2"), 2)
    return sketch.case(operator, [source], [sink])


def pad_cases():
    image, around = (1, 3, 4, 2), ((0, 0), (1, 2), (2, 0), (0, 0))
    yield pad("pad_image", image, around)
    yield pad("pad_channels", image, ((0, 0), (0, 0), (1, 1), (2, 3)))
    yield pad("pad_batch", (2, 3), ((1, 0), (0, 2)))
    yield pad("pad_nothing", image, ((0, 0),) * 4)
    yield pad("pad_rank_1", (5,), ((3, 4),))
    yield pad("pad_rank_3", (2, 3, 2), ((0, 1), (1, 0), (1, 1)))
    yield pad("pad_zero_low", image, around, x=(0.05, -128))
    yield pad("pad_zero_high", image, around, x=(0.05, 127))
    yield pad("padv2_image", image, around, 77)
    yield pad("padv2_lowest", image, around, -128, (0.05, 3))
    yield pad("padv2_highest_rank_2", (4, 3), ((1, 0), (0, 2)), 127)


def concatenate(name, shapes, axis, dtype="int8", fixed=()):
    """CONCATENATION; the operands whose numbers are in `fixed` are constants."""
    sketch = Sketch(name, dtype)
    first = sketch.activation(shapes[0])
    parts = [first] + [sketch.activation(s, first.scale, first.zero) for s in shapes[1:]]
    for number in fixed:
        parts[number] = sketch.constant(shapes[number], first.scale, first.zero)
    result = list(shapes[0])
    result[axis] = sum(shape[axis] for shape in shapes)
    sink = sketch.activation(result, first.scale, first.zero)
    sources = [part for part in parts if part.data is None]
    version = 1 if dtype == "uint8" else 2
    operator = Operator("CONCATENATION", parts, [sink], options("Concatenation", axis=axis),
                        version)
    return sketch.case(operator, sources, [sink])


def pack(name, shape, count, axis):
    sketch = Sketch(name)
    first = sketch.activation(shape)
    parts = [first] + [
        sketch.activation(shape, first.scale, first.zero) for _ in range(count - 1)
    ]
    result = list(shape)
    result.insert(axis % (len(shape) + 1), count)
    sink = sketch.activation(result, first.scale, first.zero)
    table = options("Pack", valuesCount=count, axis=axis)
    return sketch.case(Operator("PACK", parts, [sink], table, 2), parts, [sink])


def join_cases():
    yield concatenate("concatenation_channels", [(1, 3, 2, 4), (1, 3, 2, 3)], 3)
    yield concatenate("concatenation_negative", [(2, 3, 4), (2, 3, 1), (2, 3, 2)], -1)
    yield concatenate("concatenation_height", [(1, 2, 3, 2), (1, 1, 3, 2)], 1)
    yield concatenate("concatenation_outer", [(2, 3), (1, 3), (3, 3), (1, 3)], 0)
    yield concatenate("concatenation_one", [(2, 5)], 1)
    yield concatenate("concatenation_constant", [(2, 5), (2, 3), (2, 4)], 1, fixed=(1,))
    yield concatenate("uint8_concatenation", [(1, 3, 2, 4), (1, 3, 2, 3)], 3, "uint8")
    yield concatenate("uint8_concatenation_rows", [(2, 6), (3, 6)], 0, "uint8")
    yield pack("pack_first", (3, 4), 3, 0)
    yield pack("pack_middle", (3, 4), 2, 1)
    yield pack("pack_last", (3, 4), 2, -1)
    yield pack("pack_one", (5,), 1, 0)


def parted(name, kind, shape, results, operands=(), table=None, version=2, value_index=0):
    """One value in, several out, all of one scale and zero point."""
    sketch = Sketch(name)
    source = sketch.activation(shape)
    sinks = [sketch.activation(result, source.scale, source.zero) for result in results]
    inputs = list(operands)
    inputs.insert(value_index, source)
    return sketch.case(Operator(kind, inputs, sinks, table, version), [source], sinks)


def split(name, shape, count, axis):
    part = list(shape)
    part[axis] //= count
    table = options("Split", numSplits=count)
    return parted(name, "SPLIT", shape, [part] * count, [constant(axis)], table, 2, 1)


def unpack(name, shape, axis):
    part = [size for index, size in enumerate(shape) if index != axis % len(shape)]
    table = options("Unpack", num=shape[axis], axis=axis)
    return parted(name, "UNPACK", shape, [part] * shape[axis], [], table)


def part_cases():
    yield split("split_channels", (1, 3, 2, 6), 2, 3)
    yield split("split_negative", (2, 9), 3, -1)
    yield split("split_height", (1, 4, 3, 2), 4, 1)
    yield split("split_outer", (4, 5), 2, 0)
    yield split("split_one", (2, 3), 1, 1)
    operands = [constant([2, 1, 4]), constant(1)]
    table = options("SplitV", numSplits=3)
    yield parted("split_v", "SPLIT_V", (3, 7), [(3, 2), (3, 1), (3, 4)], operands, table)
    operands = [constant([2, -1]), constant(0)]
    table = options("SplitV", numSplits=2)
    yield parted("split_v_rest", "SPLIT_V", (5, 2), [(2, 2), (3, 2)], operands, table)
    yield unpack("unpack_outer", (3, 4), 0)
    yield unpack("unpack_middle", (2, 3, 4), 1)
    yield unpack("unpack_last", (2, 3, 2), -1)


def slice_case(name, shape, begin, size):
    result = [n - b if s == -1 else s for n, b, s in zip(shape, begin, size)]
    operands = [constant(list(begin)), constant(list(size))]
    return moved(name, "SLICE", shape, result, operands, options("Slice"), 2)


def strided(name, shape, slices, begin, end, strides, **masks):
    """STRIDED_SLICE; `slices` are the same in numpy's words, from which the shape follows."""
    result = np.empty(shape)[slices].shape
    operands = [constant(list(values)) for values in (begin, end, strides)]
    table = options("StridedSlice", **masks)
    # Converters write version 6 for a new axis and 8 for an offset; the resolver of the
    # reference kernels stops at 4, though its kernel knows both.
    return moved(name, "STRIDED_SLICE", shape, result, operands, table, 4)


def slice_cases():
    yield slice_case("slice_image", (1, 5, 6, 3), (0, 1, 2, 1), (1, 3, 2, 2))
    yield slice_case("slice_rest", (2, 7), (1, 3), (-1, -1))
    yield slice_case("slice_rank_1", (9,), (4,), (5,))
    yield slice_case("slice_rank_3", (3, 4, 5), (2, 0, 1), (1, 4, 3))
    yield slice_case("slice_rank_5", (2, 3, 2, 4, 2), (0, 1, 1, 1, 0), (2, 2, 1, 3, 1))
    yield slice_case("slice_everything", (2, 3), (0, 0), (2, 3))
    s = np.s_
    yield strided("strided_slice_steps", (7, 9), s[1:6:2, 0:9:3], (1, 0), (6, 9), (2, 3))
    yield strided("strided_slice_backwards", (7, 9), s[6:1:-2, 8:2:-3], (6, 8), (1, 2), (-2, -3))
    yield strided("strided_slice_reverse_all", (5, 4), s[::-1, ::-1], (0, 0), (0, 0), (-1, -1),
                  beginMask=3, endMask=3)
    yield strided("strided_slice_negative_ends", (6, 8), s[-4:-1, -7:-2:2], (-4, -7), (-1, -2),
                  (1, 2))
    yield strided("strided_slice_beyond", (4, 5), s[0:4, 2:5], (-9, 2), (99, 99), (1, 1))
    yield strided("strided_slice_begin_mask", (4, 5), s[:3, 1:4], (2, 1), (3, 4), (1, 1),
                  beginMask=1)
    yield strided("strided_slice_end_mask", (4, 5), s[1:3, 1:], (1, 1), (3, 2), (1, 1),
                  endMask=2)
    yield strided("strided_slice_shrink", (3, 4, 5), s[1, :, 2:4], (1, 0, 2), (2, 4, 4),
                  (1, 1, 1), shrinkAxisMask=1, beginMask=2, endMask=2)
    yield strided("strided_slice_shrink_negative", (3, 4), s[:, -1], (0, -1), (0, 0), (1, 1),
                  shrinkAxisMask=2, beginMask=1, endMask=1)
    yield strided("strided_slice_shrink_all", (3, 4), s[2, 1], (2, 1), (3, 2), (1, 1),
                  shrinkAxisMask=3)
    yield strided("strided_slice_fewer_entries", (3, 4, 5), s[1:3], (1,), (3,), (1,))
    yield strided("strided_slice_ellipsis", (2, 3, 4, 5), s[1:2, ..., 0:5:2], (1, 0, 0),
                  (2, 0, 5), (1, 1, 2), ellipsisMask=2)
    yield strided("strided_slice_new_axis", (3, 4), s[None, 1:3, :2], (0, 1, 0), (0, 3, 2),
                  (1, 1, 1), newAxisMask=1)
    yield strided("strided_slice_offset", (6, 7), s[1:4, 2:6:2], (1, 2), (3, 4), (1, 2),
                  offset=True)
    yield strided("strided_slice_channels", (1, 4, 4, 6), s[:, :, :, 1::2], (0, 0, 0, 1),
                  (0, 0, 0, 0), (1, 1, 1, 2), beginMask=7, endMask=15)
    yield strided("strided_slice_rank_5", (2, 3, 2, 3, 4), s[:, 0:3:2, 1:2, ::-1, 3:0:-1],
                  (0, 0, 1, 0, 3), (0, 3, 2, 0, 0), (1, 2, 1, -1, -1), beginMask=9, endMask=9)


def resize(name, kind, image, size, align=False, half=False, x=None):
    sketch = Sketch(name)
    source = sketch.activation((1, *image), *(x or (None, None)))
    sink = sketch.activation((1, *size, image[2]), source.scale, source.zero)
    table_name = "ResizeBilinear" if kind == "RESIZE_BILINEAR" else "ResizeNearestNeighbor"
    table = options(table_name, alignCorners=align, halfPixelCenters=half)
    operands = [source, constant(list(size))]
    version = 3 if half or align else 2
    return sketch.case(Operator(kind, operands, [sink], table, version), [source], [sink])


def resize_cases():
    for kind in ("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"):
        short = kind.lower()
        for tail, align, half in (("", False, False), ("_aligned", True, False),
                                  ("_half_pixel", False, True)):
            for way, image, size in (
                ("double", (3, 4, 2), (6, 8)), ("halve", (6, 8, 2), (3, 4)),
                ("odd", (3, 5, 3), (7, 4)), ("same", (3, 4, 2), (3, 4)),
                ("to_one", (5, 4, 2), (1, 1)), ("from_one", (1, 1, 3), (4, 3)),
                ("thirds", (9, 7, 1), (3, 10)),
            ):
                yield resize(f"{short}_{way}{tail}", kind, image, size, align, half)
