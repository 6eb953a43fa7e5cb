extension BlockMap {
    /// The text of the `.bmap` file.
    public func text() -> [UInt8] {
        let zeros = String(repeating: "0", count: 64)
        let unsigned = [UInt8](text(checksum: zeros).utf8)
        return [UInt8](text(checksum: Digest.hexadecimal(Digest.sha256(unsigned))).utf8)
    }

    private func text(checksum: String) -> String {
        var lines = [
            "<?xml version=\"1.0\" ?>",
            "<!-- Blocks of an image that must be written; see bmap-tools, format 2.0. -->",
            "<bmap version=\"2.0\">",
            "    <ImageSize> \(imageSizeBytes) </ImageSize>",
            "    <BlockSize> \(blockSizeBytes) </BlockSize>",
            "    <BlocksCount> \(blockCount) </BlocksCount>",
            "    <MappedBlocksCount> \(mappedBlockCount) </MappedBlocksCount>",
            "    <ChecksumType> sha256 </ChecksumType>",
            "    <BmapFileChecksum> \(checksum) </BmapFileChecksum>",
            "    <BlockMap>",
        ]
        for range in ranges {
            let blocks =
                range.firstBlock == range.lastBlock
                ? "\(range.firstBlock)" : "\(range.firstBlock)-\(range.lastBlock)"
            let digest = Digest.hexadecimal(range.sha256)
            lines.append("        <Range chksum=\"\(digest)\"> \(blocks) </Range>")
        }
        lines += ["    </BlockMap>", "</bmap>", ""]
        return lines.joined(separator: "\n")
    }

    /// Reads the text of a `.bmap` file of version 2.0 with SHA-256.
    ///
    /// - Throws: `BlockMapError` for the first rule that the text breaks.
    public init(text: [UInt8]) throws(BlockMapError) {
        guard text.count <= BlockMap.textSizeMax else {
            throw .tooLong(sizeBytes: text.count, limitBytes: BlockMap.textSizeMax)
        }
        var reader = BlockMapReader(text: text)
        self = try reader.read()
    }
}

/// Reads the one shape that block maps have; it is no reader of XML in general.
private struct BlockMapReader {
    let text: [UInt8]
    private var position = 0

    init(text: [UInt8]) { self.text = text }

    mutating func read() throws(BlockMapError) -> BlockMap {
        try skipMarkup()
        try take("<bmap")
        skipSpaces()
        try take("version=\"2.0\"")
        skipSpaces()
        try take(">")
        let imageSize = try number(of: "ImageSize")
        let blockSize = try number(of: "BlockSize")
        let blockCount = try number(of: "BlocksCount")
        let mappedCount = try number(of: "MappedBlocksCount")
        try open("ChecksumType")
        try take("sha256")
        try close("ChecksumType")
        try checkOwnDigest()
        try open("BlockMap")
        var ranges: [BlockMap.Range] = []
        while !starts(with: "</") {
            guard ranges.count < BlockMap.rangeCountMax else {
                throw .tooManyRanges(limit: BlockMap.rangeCountMax)
            }
            ranges.append(try range())
            try skipMarkup()
        }
        try close("BlockMap")
        try close("bmap")
        try skipMarkup()
        guard position == text.count else {
            throw .malformed(expected: "end of the file", offsetBytes: position)
        }
        let map = try BlockMap(
            imageSizeBytes: imageSize,
            blockSizeBytes: blockSize,
            ranges: ranges
        )
        for (element, stated, actual) in [
            ("BlocksCount", blockCount, map.blockCount),
            ("MappedBlocksCount", mappedCount, map.mappedBlockCount),
        ] where stated != actual {
            throw .countMismatch(element: element, stated: stated, actual: actual)
        }
        return map
    }

    private mutating func range() throws(BlockMapError) -> BlockMap.Range {
        try take("<Range")
        skipSpaces()
        try take("chksum=\"")
        let digest = try hexadecimal()
        try take("\"")
        skipSpaces()
        try take(">")
        skipSpaces()
        let first = try number()
        var last = first
        skipSpaces()
        if starts(with: "-") {
            try take("-")
            skipSpaces()
            last = try number()
        }
        try close("Range")
        return BlockMap.Range(firstBlock: first, lastBlock: last, sha256: digest)
    }

    private mutating func checkOwnDigest() throws(BlockMapError) {
        try open("BmapFileChecksum")
        let start = position
        let stated = try hexadecimal()
        var unsigned = text
        for index in start..<position { unsigned[index] = 0x30 }
        guard Digest.sha256(unsigned) == stated else { throw .checksumMismatch }
        try close("BmapFileChecksum")
    }

    private mutating func number(of element: String) throws(BlockMapError) -> Int64 {
        try open(element)
        let value = try number()
        try close(element)
        return value
    }

    private mutating func number() throws(BlockMapError) -> Int64 {
        let start = position
        var value: Int64 = 0
        while position < text.count, (0x30...0x39).contains(text[position]) {
            guard position - start < 19, value <= BlockMap.imageSizeMax / 10 else {
                throw .malformed(expected: "number below 2^62", offsetBytes: start)
            }
            value = value * 10 + Int64(text[position] - 0x30)
            position += 1
        }
        guard position > start else { throw .malformed(expected: "number", offsetBytes: start) }
        return value
    }

    private mutating func hexadecimal() throws(BlockMapError) -> [UInt8] {
        guard text.count - position >= 64 else {
            throw .malformed(expected: "SHA-256", offsetBytes: position)
        }
        var bytes: [UInt8] = []
        for index in stride(from: position, to: position + 64, by: 2) {
            guard let high = nibble(text[index]), let low = nibble(text[index + 1]) else {
                throw .malformed(expected: "SHA-256", offsetBytes: index)
            }
            bytes.append(high << 4 | low)
        }
        position += 64
        return bytes
    }

    private func nibble(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x61...0x66: digit - 0x57
        default: nil
        }
    }

    private mutating func open(_ element: String) throws(BlockMapError) {
        try skipMarkup()
        try take("<\(element)>")
        skipSpaces()
    }

    private mutating func close(_ element: String) throws(BlockMapError) {
        try skipMarkup()
        try take("</\(element)>")
    }

    /// Passes over spaces, comments and the declaration at the start.
    private mutating func skipMarkup() throws(BlockMapError) {
        while true {
            skipSpaces()
            if starts(with: "<!--") {
                try skip(past: "-->")
            } else if starts(with: "<?") {
                try skip(past: "?>")
            } else {
                return
            }
        }
    }

    private mutating func skip(past end: String) throws(BlockMapError) {
        let start = position
        while !starts(with: end) {
            guard position < text.count else {
                throw .malformed(expected: "'\(end)'", offsetBytes: start)
            }
            position += 1
        }
        position += end.utf8.count
    }

    private mutating func skipSpaces() {
        while position < text.count, [0x20, 0x09, 0x0A, 0x0D].contains(text[position]) {
            position += 1
        }
    }

    private func starts(with word: String) -> Bool {
        text[position...].starts(with: word.utf8)
    }

    private mutating func take(_ word: String) throws(BlockMapError) {
        guard starts(with: word) else {
            throw .malformed(expected: "'\(word)'", offsetBytes: position)
        }
        position += word.utf8.count
    }
}
