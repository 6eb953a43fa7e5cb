import ModelGraph

extension GraphRewrite {
    /// Removes the nodes that no output depends on, and the tensors that nothing names any more.
    mutating func removeDeadNodes() {
        var isNeeded = [Bool](repeating: false, count: graph.tensors.count)
        for port in graph.outputs { isNeeded[port.tensor.index] = true }
        var live: [Node] = []
        for node in graph.nodes.reversed() {
            guard node.outputs.contains(where: { isNeeded[$0.index] }) else {
                record(.removed, node.name, "no output depends on it")
                continue
            }
            for case let input? in node.inputs { isNeeded[input.index] = true }
            live.append(node)
        }
        graph.nodes = live.reversed()
        for node in graph.nodes { for output in node.outputs { isNeeded[output.index] = true } }
        for port in graph.inputs { isNeeded[port.tensor.index] = true }
        compact(keeping: isNeeded)
    }

    private mutating func compact(keeping isNeeded: [Bool]) {
        var place = [TensorID](repeating: TensorID(0), count: graph.tensors.count)
        var tensors: [Tensor] = []
        for (index, tensor) in graph.tensors.enumerated() where isNeeded[index] {
            place[index] = TensorID(tensors.count)
            tensors.append(tensor)
        }
        graph.tensors = tensors
        for index in graph.nodes.indices {
            let node = graph.nodes[index]
            graph.nodes[index].inputs = node.inputs.map { $0.map { place[$0.index] } }
            graph.nodes[index].outputs = node.outputs.map { place[$0.index] }
        }
        for index in graph.inputs.indices {
            graph.inputs[index].tensor = place[graph.inputs[index].tensor.index]
        }
        for index in graph.outputs.indices {
            graph.outputs[index].tensor = place[graph.outputs[index].tensor.index]
        }
    }
}
