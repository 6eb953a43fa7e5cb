extension ProfileDecoding {
    static func dataArea(
        _ node: ProfileNode
    ) throws(FirmwareProfileError) -> FirmwareProfile.DataArea {
        let mapping = try node.mapping([
            "path", "size-bytes", "bundle-quota-bytes", "spool-quota-bytes", "state-quota-bytes",
        ])
        func quota(_ key: String) throws(FirmwareProfileError) -> Int64 {
            try mapping.required(key).number(1...FirmwareProfile.sizeMax)
        }
        return FirmwareProfile.DataArea(
            path: try mapping.required("path").text(
                limit: FirmwareProfile.pathSizeMax,
                rule: "an absolute path without blanks, '.' and '..'"
            ) { $0.hasPrefix("/") && $0 != "//" && ProfileText.isPath(String($0.dropFirst())) },
            sizeBytes: try mapping["size-bytes"].map { (node) throws(FirmwareProfileError) in
                try node.number(1...FirmwareProfile.sizeMax)
            },
            bundleQuotaBytes: try quota("bundle-quota-bytes"),
            spoolQuotaBytes: try quota("spool-quota-bytes"),
            stateQuotaBytes: try quota("state-quota-bytes")
        )
    }

    static func configuration(
        _ node: ProfileNode?
    ) throws(FirmwareProfileError) -> FirmwareProfile.ConfigurationDefaults {
        let mapping = try node?.mapping(["hostname", "network", "report-interval-ms"])
        return FirmwareProfile.ConfigurationDefaults(
            hostname: try mapping?["hostname"].map { (node) throws(FirmwareProfileError) in
                try node.text(
                    limit: 63,
                    rule: "letters, digits and '-', which is neither first nor last",
                    where: ProfileText.isHostname
                )
            } ?? "martlet",
            network: try mapping?["network"].map(network)
                ?? FirmwareProfile.Network(interface: "eth0", method: .dhcp),
            reportIntervalMilliseconds: try mapping?["report-interval-ms"].map {
                (node)
                    throws(FirmwareProfileError) in try node.number(1_000...86_400_000)
            } ?? 60_000
        )
    }

    private static func network(
        _ node: ProfileNode
    ) throws(FirmwareProfileError) -> FirmwareProfile.Network {
        let mapping = try node.mapping(["interface", "method", "address", "gateway", "dns"])
        func text(_ key: String) throws(FirmwareProfileError) -> String? {
            guard let value = mapping[key] else { return nil }
            return try value.text(limit: 18)
        }
        return FirmwareProfile.Network(
            interface: try mapping["interface"].map { (node) throws(FirmwareProfileError) in
                try node.text(
                    limit: 15,
                    rule: "an interface name",
                    where: ProfileText.isName
                )
            } ?? "eth0",
            method: try mapping.required("method").word(),
            address: try text("address"),
            gateway: try text("gateway"),
            dns: try text("dns")
        )
    }
}

/// The rules of texts in a profile.
enum ProfileText {
    static let nameRule = "name of letters, digits, '.', '_' and '-' that starts with none of '.-'"

    /// Whether a text is a name, which is also safe as a file name and as an argument.
    static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, first.isLetterOrDigit || first == UInt8(ascii: "_")
        else { return false }
        return text.utf8.allSatisfy {
            $0.isLetterOrDigit || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
                || $0 == UInt8(ascii: ".")
        }
    }

    /// Whether a text is a relative path that stays inside, or the path of the whole.
    ///
    /// No blanks, quotes, `\`, `:` or `*`: FAT and the tools that fill it give them a meaning.
    static func isPath(_ text: String) -> Bool {
        if text == FirmwareProfile.FileEntry.wholePath { return true }
        let allowed = text.utf8.allSatisfy { byte in
            byte.isLetterOrDigit || "/._-+,=@".utf8.contains(byte)
        }
        return allowed
            && text.split(separator: "/", omittingEmptySubsequences: false).allSatisfy {
                !$0.isEmpty && $0 != "." && $0 != ".." && !$0.hasPrefix("-")
            }
    }

    /// Whether a text is a host name of one label (RFC 1123, section 2.1).
    static func isHostname(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0.isLetterOrDigit || $0 == UInt8(ascii: "-") }
            && !text.hasPrefix("-") && !text.hasSuffix("-") && !text.isEmpty
    }

    /// Whether a text passes unchanged through the languages of U-Boot and GRUB.
    static func isKernelArguments(_ text: String) -> Bool {
        !text.utf8.contains { "\"'`$;\\#&|<>(){}".utf8.contains($0) }
            && !text.contains("martlet.slot=")
    }
}
