extension FirmwareProfile {
    /// How the device chooses and confirms a system slot.
    public struct Boot: Sendable, Hashable {
        /// Where the choice is stored.
        public var control: BootControlKind
        /// How often a slot that is not confirmed is tried, 1...9.
        public var tries: Int
        /// When the running slot is confirmed.
        public var confirm: Confirmation
        /// The kernel's arguments, without `martlet.slot=`, which the loader adds.
        public var kernelArguments: String

        /// No choice of slots, as where Martlet joins an existing system.
        public static let none = Boot(
            control: .none,
            tries: 3,
            confirm: .serving,
            kernelArguments: ""
        )
    }

    /// Where the choice of the system slot is stored.
    public enum BootControlKind: String, Sendable, Hashable, CaseIterable {
        /// The redundant environment of U-Boot, in the partition of kind `environment`.
        case ubootEnvironment = "uboot-environment"
        /// The environment block of GRUB, a file of 1,024 bytes in the EFI system partition.
        case grubEnvironment = "grub-environment"
        /// `autoboot.txt` of the Raspberry Pi, in partition 1.
        case raspberryTryboot = "raspberry-tryboot"
        /// One system; nothing is chosen.
        case none
    }

    /// When the running slot is confirmed.
    public enum Confirmation: String, Sendable, Hashable, CaseIterable {
        /// When the agent serves.
        case serving
        /// When a collector has accepted a report.
        case reported
    }

    /// What is in the initial file system besides the agent, which is its `/init`.
    public struct Initramfs: Sendable, Hashable {
        /// Kernel modules by name; what they depend on is added.
        public var modules: [String]
        /// More files.
        public var files: [FileEntry]
    }

    /// What the data area must hold, in bytes.
    public struct DataArea: Sendable, Hashable {
        /// The directory on the running device.
        public var path: String
        /// The room for all of it where there is no disk of our own; absent with one, where the
        /// partition of kind `data` has the size.
        public var sizeBytes: Int64?
        /// The largest bundle, packed and installed together.
        public var bundleQuotaBytes: Int64
        /// The telemetry spool.
        public var spoolQuotaBytes: Int64
        /// Keys, state records and logs.
        public var stateQuotaBytes: Int64

        /// Two bundles (the running one and its successor), the spool and the state.
        ///
        /// At most 4 * ``FirmwareProfile/sizeMax``, which an `Int64` holds.
        public var neededBytes: Int64 { 2 * bundleQuotaBytes + spoolQuotaBytes + stateQuotaBytes }
    }

    /// What is configured unless the build is told otherwise.
    public struct ConfigurationDefaults: Sendable, Hashable {
        /// The host name, and the name that the agent reports.
        public var hostname: String
        /// How the network is brought up.
        public var network: Network
        /// How often the agent reports, 1,000...86,400,000 ms.
        public var reportIntervalMilliseconds: Int64
    }

    /// How the network is brought up.
    public struct Network: Sendable, Hashable {
        /// The interface, such as `eth0`.
        public var interface: String
        /// Who says the address.
        public var method: NetworkMethod
        /// With `static` only: address and prefix length, `10.0.2.15/24`.
        public var address: String?
        /// With `static` only: the gateway's address.
        public var gateway: String?
        /// With `static` only: the name server's address.
        public var dns: String?

        /// Makes settings from their parts; ``FirmwareProfile/Network/problem`` checks them.
        public init(
            interface: String,
            method: NetworkMethod,
            address: String? = nil,
            gateway: String? = nil,
            dns: String? = nil
        ) {
            self.interface = interface
            self.method = method
            self.address = address
            self.gateway = gateway
            self.dns = dns
        }
    }

    /// Who says the network address.
    public enum NetworkMethod: String, Sendable, Hashable, CaseIterable {
        /// A DHCP server.
        case dhcp
        /// The configuration.
        case `static`
        /// Nobody: the network is not brought up.
        case none
    }
}
