# The binary is static, so the image holds nothing but it, the certificates of public
# authorities and the licence. make image builds it; docs/installation.md runs it.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION
ARG REVISION=unknown
RUN make build REVISION=$REVISION ${VERSION:+VERSION=$VERSION}

FROM gcr.io/distroless/static-debian12:nonroot AS base
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="qem_exporter" \
      org.opencontainers.image.description="Prometheus exporter for Qlik Enterprise Manager" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.source="https://github.com/qem-exporter/qem_exporter" \
      org.opencontainers.image.documentation="https://github.com/qem-exporter/qem_exporter/tree/main/docs" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
COPY LICENSE /LICENSE
USER 65532:65532
EXPOSE 10045
HEALTHCHECK --interval=30s --timeout=10s --start-period=5s CMD ["/bin/qem_exporter", "healthcheck"]
ENTRYPOINT ["/bin/qem_exporter"]

# A release has its binaries already, one for each platform.
FROM base AS release
ARG TARGETPLATFORM
COPY $TARGETPLATFORM/qem_exporter /bin/qem_exporter

FROM base
COPY --from=build /src/qem_exporter /bin/qem_exporter
