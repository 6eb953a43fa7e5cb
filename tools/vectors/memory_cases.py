"""UNIDIRECTIONAL_SEQUENCE_LSTM and variables: what lives from one sample of a case to the next.

The reference runs all samples of a case in order in one interpreter, so that every sample but the
first starts from what the one before left.
"""
import numpy as np

from single_operator import Operator, Tensor, build_model, constant, options
from vector_case import Case, Sketch

TANH = 4


class Layer:
    """A layer of random weights whose gates use their whole range."""

    def __init__(self, sketch, batches, steps, inputs, units, x=None, hidden=None, cell=-11,
                 gain=1.0):
        self.sketch, self.units, self.inputs = sketch, units, inputs
        zero = int(sketch.random.integers(-128, 128))
        self.x_scale, self.x_zero = x or (sketch.scale(0.01, 0.05), zero)
        self.h_scale, self.h_zero = hidden or (1 / 128, int(sketch.random.integers(-30, 31)))
        self.cell_scale = 2.0**cell
        self.weights = [self.matrix((units, inputs), self.x_scale, gain) for _ in range(4)]
        self.recurrent = [self.matrix((units, units), self.h_scale, gain) for _ in range(4)]
        self.bias = [self.biases(weights) for weights in self.weights]
        self.kept = [
            Tensor((batches, units), "int8", self.h_scale, self.h_zero, is_variable=True),
            Tensor((batches, units), "int16", self.cell_scale, 0, is_variable=True),
        ]

    def matrix(self, shape, scale, gain):
        """Weights whose sums of random inputs spread over a few units of the gates."""
        spread = 75 * scale * np.sqrt(shape[1])
        step = float(np.float32(gain * self.sketch.random.uniform(1, 3) / (75 * spread)))
        return constant(self.sketch.stored(shape, -127, 127), "int8", step, 0)

    def biases(self, weights):
        """Takes away what a mean input would give, and adds a little of its own."""
        mean = -0.5 - self.x_zero
        middle = mean * weights.data.astype(np.int64).sum(axis=1)
        scale = weights.scale * self.x_scale
        values = -middle + self.sketch.random.uniform(-1, 1, self.units) / scale
        return constant(np.round(values).astype(np.int32), "int32", float(np.float32(scale)))

    def operator(self, x, y, time_major=False, cell_clip=0.0):
        """The operator with its 24 operands and 5 intermediate tensors."""
        operands = [x] + self.weights + self.recurrent + [None] * 3 + self.bias + [None] * 2
        table = options(
            "UnidirectionalSequenceLSTM", fusedActivationFunction=TANH, cellClip=cell_clip,
            timeMajor=time_major)
        inside = [Tensor((0,), "float32") for _ in range(4)]
        inside.append(Tensor((0,), "int8", self.h_scale, self.h_zero))
        return Operator("UNIDIRECTIONAL_SEQUENCE_LSTM", operands + self.kept + [None] * 4, [y],
                        table, 1, intermediates=inside)


def lstm(name, batches, steps, inputs, units, time_major=False, cell_clip=0.0, **layer):
    sketch = Sketch(name)
    made = Layer(sketch, batches, steps, inputs, units, **layer)
    order = (steps, batches) if time_major else (batches, steps)
    x = Tensor((*order, inputs), "int8", made.x_scale, made.x_zero)
    y = Tensor((*order, units), "int8", made.h_scale, made.h_zero)
    return sketch.case(made.operator(x, y, time_major, cell_clip), [x], [y])


def lstm_cases():
    yield lstm("lstm", 1, 6, 5, 4)
    yield lstm("lstm_one_step", 1, 1, 7, 3)
    yield lstm("lstm_one_unit", 1, 9, 1, 1)
    yield lstm("lstm_batch_3", 3, 4, 6, 5)
    yield lstm("lstm_time_major", 2, 5, 4, 6, time_major=True)
    yield lstm("lstm_long", 1, 40, 3, 8)
    yield lstm("lstm_wide", 1, 3, 33, 17)
    yield lstm("lstm_zero_points_low", 1, 5, 4, 4, x=(0.03, -128), hidden=(1 / 128, -128))
    yield lstm("lstm_zero_points_high", 1, 5, 4, 4, x=(0.03, 127), hidden=(1 / 128, 127))
    yield lstm("lstm_saturated", 1, 8, 6, 5, gain=20.0)
    yield lstm("lstm_flat", 1, 8, 6, 5, gain=0.02)
    yield lstm("lstm_cell_clip", 1, 20, 4, 4, cell_clip=0.4)
    for cell in range(-15, -8):
        yield lstm(f"lstm_cell_2_to_{-cell}", 1, 12, 4, 5, cell=cell)
    yield lstm("lstm_fine_hidden", 1, 6, 5, 4, hidden=(0.0031, 11))
    yield lstm("lstm_coarse_hidden", 1, 6, 5, 4, hidden=(0.019, -3))
    yield stacked("lstm_stacked")


def stacked(name):
    """Two layers, each with variables of its own."""
    sketch = Sketch(name)
    first = Layer(sketch, 1, 5, 4, 6)
    second = Layer(sketch, 1, 5, 6, 3, x=(first.h_scale, first.h_zero))
    x = Tensor((1, 5, 4), "int8", first.x_scale, first.x_zero)
    middle = Tensor((1, 5, 6), "int8", first.h_scale, first.h_zero)
    y = Tensor((1, 5, 3), "int8", second.h_scale, second.h_zero)
    return sketch.case([first.operator(x, middle), second.operator(middle, y)], [x], [y])


class Variable:
    """A variable with its initial value, and the operators that touch it."""

    def __init__(self, name, initial):
        self.name, self.initial = name, initial

    def handle(self):
        tensor = Tensor((), "resource")
        table = options("VarHandle", container="", sharedName=self.name)
        return tensor, Operator("VAR_HANDLE", [], [tensor], table)

    def like(self):
        first = self.initial
        return Tensor(first.shape, first.dtype, first.scale, first.zero)


def read(handle, tensor):
    return Operator("READ_VARIABLE", [handle], [tensor], options("ReadVariable"))


def assign(handle, tensor):
    return Operator("ASSIGN_VARIABLE", [handle, tensor], [], options("AssignVariable"))


def with_variables(name, variables, body, inputs, outputs, sketch):
    """A model that initialises `variables` in a second subgraph, and then runs `body`."""
    handles, operators, initialiser = [], [], []
    operators.append(Operator("CALL_ONCE", [], [], options("CallOnce", initSubgraphIndex=1)))
    for variable in variables:
        tensor, operator = variable.handle()
        handles.append(tensor)
        operators.append(operator)
        tensor, operator = variable.handle()
        initialiser += [operator, assign(tensor, variable.initial)]
    operators += body(*handles)
    model = build_model((operators, inputs, outputs), (initialiser, [], []))
    samples = [sketch.feed(tensor, 6) for tensor in inputs]
    return Case(name, [operator.name for operator in operators], model, samples)


def window_variable(name, kept, taken, channels, fills=True):
    """A window that slides: what is kept, then the input; the last part is kept."""
    sketch = Sketch(name)
    scale, zero = sketch.scale(), int(sketch.random.integers(-128, 128))
    content = np.full((1, kept, channels), zero) if fills else sketch.stored((1, kept, channels))
    variable = Variable("window", constant(content, "int8", scale, zero))
    x = Tensor((1, taken, channels), "int8", scale, zero)
    y = Tensor((1, kept + taken, channels), "int8", scale, zero)
    old, new = variable.like(), variable.like()
    begin, size = constant([0, taken, 0]), constant([1, kept, channels])

    def body(handle):
        return [
            read(handle, old),
            Operator("CONCATENATION", [old, x], [y], options("Concatenation", axis=1)),
            Operator("SLICE", [y, begin, size], [new], options("Slice")),
            assign(handle, new),
        ]

    return with_variables(name, [variable], body, [x], [y], sketch)


def maximum(a, b, y):
    return Operator("MAXIMUM", [a, b], [y], options("MaximumMinimum"), 2)


def variable_cases():
    yield window_variable("variable_window", 4, 2, 3)
    yield window_variable("variable_window_aligned", 3, 1, 64)
    yield window_variable("variable_window_shorter_than_step", 2, 5, 3)
    yield window_variable("variable_window_initialised", 4, 2, 3, fills=False)
    yield running("variable_running_maximum")
    yield swapped("variable_swapped")
    yield assigned_then_read("variable_assigned_then_read")
    yield read_twice("variable_read_twice")
    yield delayed("variable_delayed_input")
    yield never_assigned("variable_never_assigned")


def small(sketch):
    """Variables a and b of four bytes and one scale, and an input like them."""
    scale, zero = sketch.scale(), int(sketch.random.integers(-100, 100))
    content = [constant(sketch.stored((1, 4)), "int8", scale, zero) for _ in range(2)]
    a, b = Variable("a", content[0]), Variable("b", content[1])
    return a, b, a.like()


def running(name):
    """The variable is the output of the same inference."""
    sketch = Sketch(name)
    a, _, x = small(sketch)
    old, y = a.like(), a.like()

    def body(handle):
        return [read(handle, old), maximum(x, old, y), assign(handle, y)]

    return with_variables(name, [a], body, [x], [y], sketch)


def swapped(name):
    """Two variables change places; a third tensor shows both."""
    sketch = Sketch(name)
    a, b, x = small(sketch)
    old_a, old_b, new, y = (a.like() for _ in range(4))
    y.shape = (1, 8)

    def body(first, second):
        return [
            read(first, old_a), read(second, old_b),
            Operator("CONCATENATION", [old_a, old_b], [y], options("Concatenation", axis=1)),
            maximum(old_a, x, new),
            assign(first, old_b), assign(second, new),
        ]

    return with_variables(name, [a, b], body, [x], [y], sketch)


def assigned_then_read(name):
    """A read after an assignment sees what was assigned, one before it what was there."""
    sketch = Sketch(name)
    a, _, x = small(sketch)
    before, after, y, z = (a.like() for _ in range(4))

    def body(handle):
        return [
            read(handle, before), maximum(x, before, y), assign(handle, x), read(handle, after),
            maximum(after, before, z), assign(handle, z),
        ]

    return with_variables(name, [a], body, [x], [y, z], sketch)


def read_twice(name):
    """Two reads of one variable, which leaves the model as an output too."""
    sketch = Sketch(name)
    a, _, x = small(sketch)
    one, two, new = (a.like() for _ in range(3))

    def body(handle):
        return [read(handle, one), maximum(x, one, new), read(handle, two), assign(handle, new)]

    return with_variables(name, [a], body, [x], [two, new], sketch)


def delayed(name):
    """The input of the inference before, out of a chain of two variables."""
    sketch = Sketch(name)
    a, b, x = small(sketch)
    old_a, old_b = a.like(), a.like()

    def body(first, second):
        return [read(first, old_a), read(second, old_b), assign(second, old_a), assign(first, x)]

    return with_variables(name, [a, b], body, [x], [old_b], sketch)


def never_assigned(name):
    """A variable that only the initialiser assigns."""
    sketch = Sketch(name)
    a, _, x = small(sketch)
    old, y = a.like(), a.like()

    def body(handle):
        return [read(handle, old), maximum(x, old, y)]

    return with_variables(name, [a], body, [x], [y], sketch)
