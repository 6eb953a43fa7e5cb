import CPlatform

extension Agent {
    /// Goes on with one client.
    mutating func advanceClient(_ index: Int, now: Int64) {
        switch server.advance(index, now: now) {
        case .nothing, .closed: break
        case .malformed:
            recorder.recordBadRequest()
            server.answer(index, .badRequest, payloadSize: 0, now: now)
        case .request: answer(index, now: now)
        }
    }

    private mutating func answer(_ index: Int, now: Int64) {
        let place = server.places[index]
        guard let header = place.header, let kind = RequestKind(rawValue: header.kind) else {
            recorder.recordBadRequest()
            return server.answer(index, .unknownKind, payloadSize: 0, now: now)
        }
        guard place.hasPayload(ofSize: kind == .infer ? engine.inputSizeBytes : 0) else {
            recorder.recordBadInput()
            return server.answer(index, .wrongSize, payloadSize: 0, now: now)
        }
        var size = 0
        switch kind {
        case .infer: size = infer(place)
        case .status:
            let isJSON = header.flags & RequestHeader.isJSON != 0
            size = Agent.copy(status(isJSON: isJSON), to: place)
        case .describe: size = Agent.copy(Description.encode(engine), to: place)
        }
        server.answer(index, .ok, payloadSize: size, now: now)
    }

    /// Runs the model on a place's payload; the answer's size.
    private mutating func infer(_ place: Connection) -> Int {
        let input = unsafe place.payload
        // Safe: the server gave every place room for the outputs.
        let room = unsafe place.answerRoom[..<engine.outputSizeBytes]
        let output = unsafe UnsafeMutableRawBufferPointer(rebasing: room)
        let time = unsafe engine.infer(input, into: output)
        unsafe recorder.record(
            nanoseconds: time,
            input: input,
            output: UnsafeRawBufferPointer(output)
        )
        return engine.outputSizeBytes
    }

    private static func copy(_ bytes: [UInt8], to place: Connection) -> Int {
        // Safe: the copy is cut to the room.
        let room = unsafe place.answerRoom
        let size = min(bytes.count, room.count)
        unsafe room.copyBytes(from: bytes[..<size])
        return size
    }
}
