#!/usr/bin/perl
# Which of its targets a packet reaches, and an answer comes back from: probe.pl TARGET..., each PROTOCOL/ADDRESS/PORT with
# tcp, udp or sctp. A refusal is an answer as well: nobody has to listen. Those that end in "!" must answer, and are waited
# for; when they have, the others, whose packets were sent first, have had their time. Prints the targets that answered.
# Perl, as it is there on every Debian and knows SCTP. Ends with status 2 where the kernel does not know a protocol.
use strict;
use warnings;
use Socket qw(:DEFAULT getaddrinfo);
use Errno qw(EINPROGRESS ECONNREFUSED);
use Fcntl;

my %protocol = (tcp => [SOCK_STREAM, 6], udp => [SOCK_DGRAM, 17], sctp => [SOCK_STREAM, 132]);
my (@open, %reached);

sub begin {
  my ($target) = @_;
  my ($name, $protocol, $address, $port) = $target =~ m{^((tcp|udp|sctp)/([^/]+)/(\d+))!?$} or die "bad target $target\n";
  my ($type, $number) = @{ $protocol{$protocol} };
  my ($error, $found) = getaddrinfo($address, $port, { socktype => $type, protocol => $protocol eq "sctp" ? 0 : $number });
  die "$address: $error\n" if $error;
  socket(my $socket, $found->{family}, $type, $number) or exit 2;
  fcntl($socket, F_SETFL, O_NONBLOCK);
  my $one = { name => $name, socket => $socket, udp => $protocol eq "udp", must => $target =~ /!$/ ? 1 : 0, target => $target };
  if (connect($socket, $found->{addr})) {
    $one->{udp} ? send($socket, "probe", 0) : ($reached{$name} = 1);
  } elsif ($! == ECONNREFUSED) {
    $reached{$name} = 1;
  } elsif ($! != EINPROGRESS) {
    $one->{failed} = 1;    # no neighbour, or refused by the own side: tried again if it must
  }
  return $one;
}

@open = sort { $a->{must} <=> $b->{must} } map { begin($_) } @ARGV;
my $end = time + 120;
while (grep { $_->{must} && !$reached{ $_->{name} } } @open) {
  die "no answer from " . join(" ", map { $_->{name} } grep { $_->{must} && !$reached{ $_->{name} } } @open) . "\n"
    if time > $end;
  poll(0.2);
  # What was lost before the neighbour was known: the kernel repeats for TCP and SCTP alone.
  for my $one (grep { $_->{must} && !$reached{ $_->{name} } } @open) {
    if ($one->{failed}) { %$one = %{ begin($one->{target}) } }
    elsif ($one->{udp}) { send($one->{socket}, "probe", 0) }
  }
}
poll(grep({ $_->{must} } @open) ? 0 : 0.5);
print map { "$_\n" } sort keys %reached;

sub poll {
  my ($seconds) = @_;
  my ($in, $out) = ("", "");
  for (grep { !$reached{ $_->{name} } && !$_->{failed} } @open) {
    vec($_->{udp} ? $in : $out, fileno($_->{socket}), 1) = 1;
  }
  select(my $readable = $in, my $writable = $out, undef, $seconds) > 0 or return;
  for (grep { !$reached{ $_->{name} } && !$_->{failed} } @open) {
    next unless vec($_->{udp} ? $readable : $writable, fileno($_->{socket}), 1);
    if ($_->{udp}) {
      defined recv($_->{socket}, my $answer, 100, 0) || $! == ECONNREFUSED and $reached{ $_->{name} } = 1;
    } else {
      my $error = unpack("i", getsockopt($_->{socket}, SOL_SOCKET, SO_ERROR));
      $error == 0 || $error == ECONNREFUSED ? ($reached{ $_->{name} } = 1) : ($_->{failed} = 1);
    }
  }
}
