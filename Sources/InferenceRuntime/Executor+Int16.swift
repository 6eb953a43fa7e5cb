import CKernels

// The operators of int16 activations: each leaf passes addresses that validation proved to hold
// what the kernel reads.
extension Executor {
    func runInt16(_ call: borrowing OperatorCall, _ opcode: Opcode) {
        switch opcode {
        case .convolution2DInt16, .depthwiseConvolution2DInt16, .fullyConnectedInt16:
            runProductInt16(call, opcode)
        case .averagePool2DInt16:
            unsafe kernels.pointee.average_pool2d_int16(call.parameters(), call.a(), call.y())
        case .maxPool2DInt16:
            unsafe kernels.pointee.max_pool2d_int16(call.parameters(), call.a(), call.y())
        case .addInt16:
            unsafe kernels.pointee.add_int16(call.parameters(), call.a(), call.b(), call.y())
        case .multiplyInt16:
            unsafe kernels.pointee.mul_int16(call.parameters(), call.a(), call.b(), call.y())
        case .maximumInt16:
            unsafe kernels.pointee.max_int16(call.parameters(), call.a(), call.b(), call.y())
        case .meanInt16:
            unsafe kernels.pointee.mean_int16(call.parameters(), call.a(), call.y())
        default: runFunctionInt16(call, opcode)
        }
    }

    private func runFunctionInt16(_ call: borrowing OperatorCall, _ opcode: Opcode) {
        switch opcode {
        case .softmaxInt16:
            unsafe kernels.pointee.softmax_int16(
                call.parameters(),
                call.a(),
                call.constants(),
                call.y()
            )
        case .lookupInt16:
            unsafe kernels.pointee.lookup_int16(
                call.parameters(),
                call.a(),
                call.constants(),
                call.y()
            )
        case .sigmoidInt16:
            unsafe kernels.pointee.sigmoid_int16(
                call.parameters(),
                call.a(),
                call.constants(),
                call.y()
            )
        case .rescale:
            unsafe kernels.pointee.rescale(call.parameters(), call.input, call.output)
        default: break
        }
    }

    private func runProductInt16(_ call: borrowing OperatorCall, _ opcode: Opcode) {
        switch opcode {
        case .convolution2DInt16:
            unsafe kernels.pointee.conv2d_int16(
                call.parameters(),
                call.a(),
                call.weights(),
                call.constants(),
                call.scales(),
                call.y()
            )
        case .depthwiseConvolution2DInt16:
            unsafe kernels.pointee.depthwise_conv2d_int16(
                call.parameters(),
                call.a(),
                call.weights(),
                call.constants(),
                call.scales(),
                call.y()
            )
        default:
            unsafe kernels.pointee.fully_connected_int16(
                call.parameters(),
                call.a(),
                call.weights(),
                call.constants(),
                call.scales(),
                call.y()
            )
        }
    }
}
