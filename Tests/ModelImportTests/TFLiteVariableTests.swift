import ModelGraph
import ModelImport
import Testing

/// Vectors of `Tests/Vectors/operators` and damaged forms of them.
@Suite("TFLite variables")
struct TFLiteVariableTests {
    private static func vector(_ name: String) throws -> [UInt8] {
        let path = try #require(ModelFiles.vectors.first { $0.hasSuffix("/\(name).tflite") })
        return try ModelFiles.bytes(path)
    }

    @Test(
        "a variable that an inference reads becomes a state of its name",
        arguments: [
            ("variable_window", ["window"]), ("variable_swapped", ["a", "b"]),
            ("variable_assigned_then_read", ["a"]), ("variable_delayed_input", ["a", "b"]),
        ]
    )
    func names(vector: String, states: [String]) throws {
        let graph = try importModel(try Self.vector(vector), name: "m")
        #expect(graph.states.map(\.name) == states)
        #expect(graph.states.allSatisfy { $0.tensor != $0.next })
    }

    @Test("a read after an assignment is the assigned tensor, not another state")
    func assignedThenRead() throws {
        let graph = try importModel(try Self.vector("variable_assigned_then_read"), name: "m")
        let input = graph.inputs[0].tensor
        #expect(graph.nodes.count == 2)
        #expect(graph.nodes[1].inputs == [input, graph.states[0].tensor])
    }

    @Test("a variable that no inference assigns keeps its initial value")
    func neverAssigned() throws {
        let graph = try importModel(try Self.vector("variable_never_assigned"), name: "m")
        #expect(graph.states.count == 1)
        #expect(graph.states[0].tensor == graph.states[0].next)
    }

    @Test("a variable that is read before anything assigns it is refused by name")
    func uninitialised() throws {
        let features = try unsupported(try Self.vector("unsupported_resource_variable"))
        #expect(features.count == 1)
        #expect(features[0].reason.contains("variable 'state': it is read before"))
    }

    /// A running maximum, whose operators a test may change.
    private func model(handle type: UInt8 = TestModel.resource) -> TestModel {
        var model = TestModel()
        let handle = model.add(TestModel.Tensor(shape: [], type: type))
        let (x, old) = (model.activation([1, 4]), model.activation([1, 4]))
        let y = model.activation([1, 4])
        model.node(142, [], [handle], options: 111, [1: .text("v")])
        model.node(143, [handle], [old])
        model.node(55, [x, old], [y])
        model.node(144, [handle, y], [])
        model.inputs = [x]
        model.outputs = [y]
        return model
    }

    @Test("a handle that is no resource, and operators on what is no handle, are refused")
    func handles() throws {
        let integers = try unsupported(model(handle: TestModel.int32))
        #expect(integers.allSatisfy { $0.kind == .inconsistency })
        #expect(integers.map(\.operatorName).contains("VAR_HANDLE"))
        var changed = model()
        changed.nodes[1].inputs = [1]
        #expect(try unsupported(changed).map(\.operatorName) == ["READ_VARIABLE"])
        changed = model()
        changed.nodes[3].inputs = [0]
        #expect(try unsupported(changed).map(\.operatorName) == ["ASSIGN_VARIABLE"])
    }

    @Test("an initialiser that is not there, is the model itself or computes is refused")
    func initialisers() throws {
        for number: Int32 in [0, 1, -1, .max] {
            var changed = model()
            changed.nodes.insert(
                TestModel.Node(
                    code: 129,
                    inputs: [],
                    outputs: [],
                    optionsType: 103,
                    options: FlatRecord([0: .int32(number)])
                ),
                at: 0
            )
            // The second subgraph is a copy of the first: it computes.
            changed.subgraphCount = number == 1 ? 2 : 1
            let names = try unsupported(changed).compactMap(\.operatorName)
            #expect(names.contains("CALL_ONCE"), "\(number)")
        }
    }

    @Test("a variable whose assigned value is scaled differently is refused")
    func scales() throws {
        var changed = model()
        changed.tensors[2].scales = [0.25]
        let features = try unsupported(changed)
        #expect(features.contains { $0.reason.contains("changes its shape, scale") })
    }
}
